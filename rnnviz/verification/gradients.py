"""Gradients by autograd of the step, one vector–Jacobian product after the other."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from rnnviz.diagnostics.gradient_kept import kept
from rnnviz.diagnostics.gradient_rate import rates
from rnnviz.engine.judged import judged
from rnnviz.engine.norms import band
from rnnviz.verification.check import Check, Compared, Kind
from rnnviz.verification.replay import LOG10_2, Adjoint, Replay, Step

ROUTE = "autograd"
TRUNCATIONS = 5  # lengths τ that are tried, from one step to all but one


def roundings(replay: Replay) -> float:
    """T steps, each with sums over the n numbers of the state and of what comes in."""
    return replay.time * (replay.size + replay.inputs.shape[-1] + 2.0)


def total_gradients(replay: Replay) -> dict[str, np.ndarray]:
    """log₁₀ ‖∂ℓ/∂h‖ and ‖∂ℓ/∂c‖ of every layer over every path, and each layer's part of the whole state's gradient.

    Each (layer, time, example).
    """
    shape = (replay.cell.layers, replay.time, replay.inputs.shape[1])
    found = {"hidden_state": np.full(shape, np.nan), "state": np.full(shape, np.nan)}
    if replay.cell.has_cell_state:
        found["cell_state"] = np.full(shape, np.nan)
    for adjoint, step in replay.adjoints(replay.loss_gradient()):
        for name, nodes in (("hidden_state", step.hidden), ("cell_state", step.cells)):
            for layer, part in enumerate(step.pulled_back(adjoint.value, nodes) if nodes else ()):
                found[name][layer, adjoint.t - 1] = adjoint.log10(part)
        for layer, part in enumerate(adjoint.value.chunk(replay.cell.layers, -1)):
            found["state"][layer, adjoint.t - 1] = adjoint.log10(part)
    return found


def whole(of_layers: np.ndarray) -> np.ndarray:
    """log₁₀ of the norm over all layers, (time, example): their squares add up."""
    return np.logaddexp.reduce(2 * math.log(10) * of_layers, axis=0) / (2 * math.log(10))


def amplification(part: np.ndarray, state: np.ndarray, replay: Replay) -> float:
    """How much more the roundings count than in a step that keeps its gradient: root mean square over the steps of
    steepness · ‖∂ℓ/∂s_{t+1}‖ / ‖part at t‖, of the example where it is largest. Both (time, example), log₁₀.
    """
    if len(part) < 2:
        return 1.0
    with np.errstate(invalid="ignore"):
        logs = math.log10(replay.steepness) + state[1:] - part[:-1]
    ratios = 10 ** np.clip(np.where(np.isfinite(logs), logs, 0.0), 0.0, 15.0)
    return float(np.sqrt(np.square(ratios).mean(0)).max())


def gradient_flow(shown: xr.DataArray, replay: Replay) -> Iterator[Compared]:
    found = total_gradients(replay)
    parts = {name: whole(each) if name == "state" else each[-1] for name, each in found.items()}
    for k, name in enumerate(shown["part"].values if shown.size else ()):
        yield Compared(
            f"gradient_{name}", ROUTE, shown.values[k], band(parts[name]), roundings(replay), "log10",
            amplified=amplification(parts[name], parts["state"], replay),
        )  # fmt: skip


def gradient_kept(shown: xr.DataArray, replay: Replay) -> Iterator[Compared]:
    if np.isfinite(shown.values):
        state = whole(total_gradients(replay)["state"])
        lost = amplification(state, state, replay)
        yield Compared(
            "gradient_kept", ROUTE, shown.values, np.array(kept(state)), roundings(replay), "log10", amplified=lost
        )


def gradient_rate(shown: xr.DataArray, replay: Replay) -> Iterator[Compared]:
    if np.isfinite(shown.values).any():
        state = whole(total_gradients(replay)["state"])
        lost = amplification(state, state, replay)
        yield Compared("gradient_rate", ROUTE, shown.values, rates(state), roundings(replay), "ln", amplified=lost)


def layer_gradient(shown: xr.DataArray, replay: Replay) -> Iterator[Compared]:
    found = total_gradients(replay)
    state = whole(found["state"])
    for k, name in enumerate(shown["part"].values if shown.size else ()):
        lost = max(amplification(of_layer, state, replay) for of_layer in found[str(name)])
        yield Compared(
            f"layers_{name}", ROUTE, shown.values[k], band(found[str(name)]), roundings(replay), "log10", amplified=lost
        )


def rounded_gradient(shown: xr.DataArray, replay: Replay) -> Iterator[Compared]:
    """What float64 has is the gradient itself, where float64 holds it; the other formats cannot agree with anything."""
    if shown.sizes["time"]:
        state = whole(total_gradients(replay)["state"])
        exact, lost = band(state), amplification(state, state, replay)
        held = shown.sel(precision="float64").values[:3]
        there = exact > -290.0
        yield Compared("rounded_float64", ROUTE, held[there], exact[there], roundings(replay), "log10", amplified=lost)


# — of the weights —


def weight_gradient(shown: xr.DataArray, replay: Replay) -> Iterator[Compared]:
    """Every share S_t by autograd of step t with respect to the weights; G is their sum."""
    if not shown.sizes["time"]:
        return
    found = ShareSums(replay)
    state = whole(total_gradients(replay)["state"])
    shrinking = amplification(state, state, replay)
    for name, values in found.sums().items():
        of_whole = shown.sel(share=name, block="all").values
        kind: Kind = "value" if name == "projection" else "log10"
        # A share is a sum over the batch too, and where shares cancel, as much more is lost of what is left.
        count, lost = roundings(replay) * replay.inputs.shape[1], found.cancelled(name) * shrinking
        yield Compared(f"weights_{name}", ROUTE, of_whole, values, count, kind, amplified=lost)


class Scaled(NamedTuple):
    """matrix × 2^exponent."""

    matrix: Tensor
    exponent: Tensor

    @property
    def log10_norm(self) -> Tensor:
        return self.matrix.norm().log10() + self.exponent * LOG10_2

    def plus(self, other: Scaled) -> Scaled:
        common = torch.maximum(self.exponent, other.exponent)
        parts = (torch.ldexp(one.matrix, one.exponent - common) for one in (self, other))
        return Scaled(sum(parts, torch.zeros(())), common)

    def projection_on(self, total: Scaled) -> Tensor:
        """⟨self, total⟩ / ‖total‖²; 0 on a total of zero."""
        ratio = (self.matrix * total.matrix).sum() / (total.matrix.square().sum() or 1.0)
        return torch.ldexp(ratio, self.exponent - total.exponent)


class ShareSums:
    """Of every step's share of ∂L/∂W, one way back after the other, nothing kept but the sums (matrix, layer, …)."""

    NAMES = ("weight_hh", "weight_ih")

    def __init__(self, replay: Replay):
        self.replay = replay
        shape = (len(self.NAMES), replay.cell.layers, replay.time)
        self.size, self.tail, self.projection = (np.full(shape, -np.inf) for _ in range(3))
        totals: dict[tuple[int, int], Scaled] = {}
        for t, m, layer, share in self.shares():
            totals[m, layer] = share.plus(totals[m, layer]) if (m, layer) in totals else share
            self.size[m, layer, t - 1] = share.log10_norm
            self.tail[m, layer, t - 1] = totals[m, layer].log10_norm
        for t, m, layer, share in self.shares():
            self.projection[m, layer, t - 1] = share.projection_on(totals[m, layer])

    def shares(self) -> Iterator[tuple[int, int, int, Scaled]]:
        """(t, matrix, layer, S_t): what W at step t alone does to L, the mean of ℓ."""
        gradient = self.replay.loss_gradient() / self.replay.inputs.shape[1]
        for adjoint, step in self.replay.adjoints(gradient, with_weights=True):
            common = adjoint.exponent.max()
            scaled = torch.ldexp(adjoint.value, (adjoint.exponent - common)[:, None])
            wanted = [own[name] for own in step.parameters for name in self.NAMES]
            for place, share in enumerate(step.pulled_back(scaled, wanted)):
                yield adjoint.t, place % 2, place // 2, Scaled(share, common)

    def sums(self) -> dict[str, np.ndarray]:
        sizes = np.logaddexp.accumulate(self.size[..., ::-1] * math.log(10), axis=-1)[..., ::-1] / math.log(10)
        return {"size": self.size, "projection": self.projection, "tail": self.tail, "tail_of_sizes": sizes}

    def cancelled(self, name: str) -> float:
        """How many times larger Σ‖S_k‖ is than ‖Σ S_k‖, at the worst t; 1 where nothing is added."""
        if name in ("size", "tail_of_sizes"):
            return 1.0
        with np.errstate(invalid="ignore"):  # −∞ beside −∞: nothing is sent, nothing cancels
            ratios = self.sums()["tail_of_sizes"] - self.tail
        return float(10 ** np.max(ratios, initial=0.0, where=np.isfinite(ratios)))


# — one loss at a time —


def of_every_loss(replay: Replay) -> tuple[Tensor, Tensor]:
    """∂ℓ_t/∂h_t with loss t in column t, (time, column, unit), and the columns' example."""
    top = slice((replay.cell.layers - 1) * replay.cell.state_size, None)
    with torch.enable_grad():
        hidden = replay.states[1:, replay.example : replay.example + 1, top][..., : replay.cell.hidden_size].clone()
        hidden.requires_grad_()
        targets = replay.batch.targets[: replay.time, replay.example : replay.example + 1]
        (gradient,) = torch.autograd.grad(replay.losses(hidden, targets).sum(), hidden)
    apart = torch.eye(replay.time, dtype=torch.float64)[:, :, None] * gradient
    return apart, torch.full((replay.time,), replay.example)


def bptt_map(shown: xr.DataArray, replay: Replay) -> Iterator[Compared]:
    if not shown.size:
        return
    norms = np.full((replay.time, replay.time), -np.inf)  # (loss, state)
    for adjoint, _ in replay.adjoints(*of_every_loss(replay)):
        norms[:, adjoint.t - 1] = adjoint.log10(adjoint.value)
    kept = shown["map_loss"].values - 1
    yield Compared(
        "bptt_map", ROUTE, shown.values, norms[np.ix_(kept, kept)], roundings(replay), "log10",
        amplified=amplification(norms.T, norms.T, replay),
    )  # fmt: skip


def truncated_gradient(shown: xr.DataArray, replay: Replay) -> Iterator[Compared]:
    """g_τ with every loss followed back through τ steps only, for a few τ."""
    if not shown.sizes["truncation"] or np.isnan(shown.values).all():
        return
    lengths = np.unique(np.geomspace(1, max(1, replay.time - 1), TRUNCATIONS).round().astype(int))
    lags = [int(length) for length in lengths]
    cut = {lag: torch.zeros(0) for lag in [*lags, replay.time]}
    of_example = judged(replay.experiment, replay.batch.lengths, replay.time).weights(replay.time, replay.example)
    from_loss, columns = of_every_loss(replay)
    for adjoint, step in replay.adjoints(from_loss * of_example[:, None, None], columns, with_weights=True):
        for lag in cut:
            share = of_columns(adjoint, step, lag)
            cut[lag] = share if not len(cut[lag]) else cut[lag] + share
    g = cut.pop(replay.time)
    found = np.array(
        [
            [float((part - g).norm() / g.norm()), float(part @ g / (part.norm() * g.norm()))]
            for part in (cut[lag] for lag in lags)
        ]
    ).T
    # Both are quotients of sums over T losses and T steps.
    count = roundings(replay) * replay.time
    yield Compared("truncated_gradient", ROUTE, shown.values[:, lengths - 1], found, count)


def of_columns(adjoint: Adjoint, step: Step, lag: int) -> Tensor:
    """What the losses t < k + lag send to the use of W_hh at step k, all layers, in one row."""
    losses = torch.arange(1, len(adjoint.value) + 1)
    heard = (losses - adjoint.t < lag) & (losses >= adjoint.t)
    true = torch.ldexp(adjoint.value, adjoint.exponent[:, None]) * heard[:, None]
    parts = step.pulled_back(true, [own["weight_hh"] for own in step.parameters])
    return torch.cat([part.flatten() for part in parts])


CHECKS = {
    "gradient_flow": Check(gradient_flow, passes=2),
    "gradient_kept": Check(gradient_kept, passes=2),
    "gradient_rate": Check(gradient_rate, passes=2),
    "layer_gradient": Check(layer_gradient, passes=2),
    "rounded_gradient": Check(rounded_gradient, passes=2),
    "weight_gradient": Check(weight_gradient, passes=5),
    "bptt_map": Check(bptt_map, passes=2),
    "truncated_gradient": Check(truncated_gradient, passes=8),
}
