"""The slope of φ by autograd at the pre-activations of a run, against closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from rnnviz.cells import GRU, LSTM, Elman
from rnnviz.diagnostics import slope_by_autograd
from rnnviz.engine import run
from rnnviz.experiment import Experiment
from rnnviz.trace import MissingQuantity

CLOSED = {
    "tanh": lambda a: np.cosh(a) ** -2.0,
    "sigmoid": lambda a: 0.25 * np.cosh(a / 2) ** -2.0,
    "relu": lambda a: (a > 0).astype(float),
    "identity": np.ones_like,
}


@pytest.mark.parametrize("activation", CLOSED)
@pytest.mark.parametrize("kind", [Elman, LSTM, GRU])
def test_it_is_the_derivative_at_values_of_the_run(kind, activation):
    """1/cosh² and its like are right to a few roundings of 1."""
    trace = run(Experiment(cell=kind(hidden_size=5, activation=activation), dtype="float64"))
    a, y, slope = slope_by_autograd(trace).values
    received = trace.data["pre_activation"].values
    assert len(a) == 400 and (np.diff(a) >= 0).all() and np.isin(a, received).all()
    assert (a[0], a[-1]) == (received.min(), received.max())
    assert slope == pytest.approx(CLOSED[activation](a), abs=1e-15)
    assert np.isfinite(y).all()


def test_a_short_run_gives_all_its_values_and_what_was_not_recorded_is_missed():
    made = Experiment(cell=Elman(hidden_size=1), batch_size=1).changed({"task.sequence_length": 5})
    assert slope_by_autograd(run(made)).shape == (3, 5)
    with pytest.raises(MissingQuantity, match="pre_activation"):
        slope_by_autograd(run(made, record=["loss"]))
