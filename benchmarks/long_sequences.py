"""What a step costs in a long sequence, and whether the log of a norm is still right after 10 000 of them.

Without the shares of ∂L/∂W: at 10 000 steps those of an LSTM with 64 units are 0.7 GB, which no page asks for.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial

import numpy as np

from benchmarks.gradients import every_gradient
from benchmarks.peers import KINDS, Case
from benchmarks.products import Products
from benchmarks.timing import Row, race
from rnnviz.cells import Elman
from rnnviz.engine import run
from rnnviz.experiment import Experiment
from rnnviz.initializers import Gain, Orthogonal
from rnnviz.tasks import Noise


def rows() -> Iterator[Row]:
    for kind in KINDS:
        short, long = Case.of(kind, 64, 4, time=1000), Case.of(kind, 64, 4, time=10_000)
        gradients = race(
            partial(every_gradient, long, shares=False), partial(every_gradient, short, shares=False), seconds=6
        )
        name = f"{kind} 64/4, gates, ∂h and ∂c, a step of T = 10 000 / of T = 1 000"
        yield Row(name, gradients.ratio / 10, 1.15, note=gradients.note)
    for kind in KINDS:
        short, long = Case.of(kind, 32, 1, time=1000), Case.of(kind, 32, 1, time=10_000)
        products = race(Products(long), Products(short), seconds=6)
        name = f"{kind} H = 32, all products, a step of T = 10 000 / of T = 1 000"
        yield Row(name, products.ratio / 10, 1.15, note=products.note)
    for gain in (0.9, 1.1):
        yield Row(f"log₁₀ norm after 10 000 steps, linear, orthogonal, g = {gain}: error", log_error(gain), 1e-4)


def log_error(gain: float) -> float:
    """float32 against the closed form ‖∂ℓ/∂h_t‖ = g^(T−t) ‖∂ℓ/∂h_T‖, relative; infinite if a log is not finite."""
    cell = Elman(hidden_size=16, activation="identity")
    task = Noise(sequence_length=10_000, variance=0.0)  # states stay zero: only the gradient travels
    experiment = Experiment(task=task, cell=cell, initializer=Orthogonal(scale=Gain(gain=gain)), batch_size=2)
    norms = run(experiment, record=["state_grad_log10_norm"]).data.state_grad_log10_norm.values
    lags = np.arange(len(norms))[::-1, None]
    exact = norms[-1] + lags * math.log10(gain)
    relative = np.abs(norms - exact) / np.maximum(1, np.abs(exact))
    return float(relative.max()) if np.isfinite(norms).all() else math.inf
