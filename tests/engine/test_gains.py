"""All gains at once: every column is the network that a run of its own gives."""

from __future__ import annotations

import math

import numpy as np
import pytest
import xarray as xr

from rnnviz.cells import LSTM, Elman
from rnnviz.diagnostics import DIAGNOSTICS
from rnnviz.diagnostics.diagnose import diagnose, diagnose_each
from rnnviz.engine import run
from rnnviz.engine.budget import LARGEST_SIZE
from rnnviz.engine.gains import QUANTITY, Family, drawn, families, run_gains
from rnnviz.experiment import Experiment, LossAtEvery, grid
from rnnviz.initializers import Gain, Gaussian, Glorot, Identity, Orthogonal, PyTorchDefault, SpectralRadius
from rnnviz.tasks import Adding, Impulse, Noise
from rnnviz.training import Training

GAINS = [0.0, 0.5, 1.0, 1.4]
BASE = Experiment(
    task=Noise(sequence_length=40, features=3), cell=Elman(hidden_size=12), initializer=Gaussian(scale=Gain()),
    batch_size=3, dtype="float64",
)  # fmt: skip
ROUNDING = 1e-9  # decades: 40 steps in float64, each of which may stretch an error by the gain and add one of 1e-16


def at_gains(base: Experiment, gains=GAINS) -> dict[str, Experiment]:
    return {f"g{k}": one for k, one in enumerate(grid(base, {"initializer.scale.gain": gains}))}


def together(base: Experiment, gains=GAINS) -> dict[str, object]:
    (family,) = families(at_gains(base, gains))
    return run_gains(family)


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu", "identity"])
@pytest.mark.parametrize("changes", [
    {}, {"task": "adding"}, {"task": "copying"}, {"task": "impulse"}, {"loss": "step", "loss.step": 11}, {"batch_size": 1},
    {"initializer": "pytorch_default", "initializer.scale": "gain"},  # which has biases
], ids=str)  # fmt: skip
def test_every_column_is_a_run_of_its_own(activation, changes):
    base = BASE.changed({"cell.activation": activation, **changes})
    found, experiments = together(base), at_gains(base)
    for name, experiment in experiments.items():
        alone = run(experiment, record=[QUANTITY])
        assert found[name].experiment == experiment and found[name].outcome == alone.outcome
        xr.testing.assert_allclose(found[name].data, alone.data, rtol=0, atol=ROUNDING)
        assert found[name].data.attrs == alone.data.attrs


def test_a_column_that_overflows_ends_alone():
    base = BASE.changed(
        {"cell.activation": "relu", "dtype": "float32", "task.sequence_length": 150, "cell.hidden_size": 30}
    )
    gains = [0.5, 1.4, 4.0, 3.0]
    found = together(base, gains)
    assert {trace.outcome.state for trace in found.values()} == {"completed", "diverged"}
    for name, experiment in at_gains(base, gains).items():
        alone = run(experiment, record=[QUANTITY])
        assert found[name].outcome == alone.outcome and set(found[name].data) == set(alone.data)
        if QUANTITY in alone.data:
            np.testing.assert_allclose(
                found[name].data[QUANTITY], alone.data[QUANTITY], atol=1e-4
            )  # float32, 150 steps


def test_one_that_overflows_after_its_loss_keeps_its_gradient():
    late = BASE.changed({"cell.activation": "relu", "dtype": "float32", "task.sequence_length": 150, "loss": "step",
                         "loss.step": 20, "initializer.scale.gain": 4.0, "cell.hidden_size": 30})  # fmt: skip
    found = together(late, [4.0, 1.0])["g0"]
    alone = run(late, record=[QUANTITY])
    assert found.outcome == alone.outcome and alone.outcome.state == "diverged"
    np.testing.assert_allclose(found.data[QUANTITY], alone.data[QUANTITY], atol=1e-4)


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_products_of_all_gains_have_the_norms_of_their_own(activation):
    base = BASE.changed({"cell.activation": activation})
    norms = drawn(base, np.array(GAINS)).kernel.product_norms(1)
    for row, experiment in zip(norms, at_gains(base).values(), strict=True):
        data = run(experiment, record=["jacobian_product", "jacobian_product_log10_scale"], example=1).data
        squares = np.square(data.jacobian_product.values).sum((1, 2))
        with np.errstate(divide="ignore"):
            known = 0.5 * np.log10(squares) + data.jacobian_product_log10_scale.values
        np.testing.assert_allclose(row, known, atol=ROUNDING)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_long_products_neither_vanish_nor_overflow(dtype):
    """g times a rotation: ‖(gQ)^t‖_F = √H g^t, here down to 10^−700 and up to 10^+1204."""
    base = Experiment(
        task=Impulse(sequence_length=2000), cell=Elman(hidden_size=4, activation="identity"), dtype=dtype, batch_size=1,
        initializer=Orthogonal(scale=Gain()),
    )  # fmt: skip
    gains = np.array([0.45, 1.0, 4.0])
    norms = drawn(base, gains).kernel.product_norms(0)
    known = np.arange(2001) * np.log10(gains)[:, None] + math.log10(2)
    np.testing.assert_allclose(norms, known, atol=1e-9 if dtype == "float64" else 2000 * 1e-7)


# — which of them run together —


def test_only_what_differs_in_its_gain_alone_runs_together():
    two_seeds = {**at_gains(BASE), **{f"other-{n}": one for n, one in at_gains(BASE.changed({"seed": 1})).items()}}
    assert [list(family.gains) for family in families(two_seeds)] == [
        [f"g{k}" for k in range(4)], [f"other-g{k}" for k in range(4)]
    ]  # fmt: skip
    assert not list(families({"one": BASE}))


@pytest.mark.parametrize("base", [
    BASE.model_copy(update={"cell": LSTM()}), BASE.changed({"cell.layers": 2}),
    BASE.model_copy(update={"loss": LossAtEvery()}), BASE.changed({"task": "brackets", "task.lengths": "mixed"}),
    BASE.model_copy(update={"training": Training(updates=1)}),
], ids=["lstm", "layers", "every step", "lengths", "trained"])  # fmt: skip
def test_what_is_no_single_vanilla_layer_runs_alone(base):
    assert not list(families(at_gains(base)))


@pytest.mark.parametrize("kind", [Gaussian, Orthogonal, Identity, Glorot, PyTorchDefault])
def test_every_initializer_is_its_matrix_at_gain_one_times_the_gain(kind):
    """What all of this rests on."""
    base = BASE.model_copy(update={"initializer": kind(scale=Gain())})
    one, other = (
        run(base.changed({"initializer.scale.gain": g}), record=["weight_hh"]).data.weight_hh for g in (1.0, 2.3)
    )
    np.testing.assert_allclose(other, 2.3 * one, rtol=1e-15)
    radius = base.model_copy(update={"initializer": kind(scale=SpectralRadius())})
    assert not list(families({"a": radius, "b": radius.changed({"initializer.scale.spectral_radius": 0.5})}))


def test_no_more_run_together_than_one_experiment_may_be_large():
    base = Experiment(
        task=Adding(sequence_length=1000), cell=Elman(hidden_size=256), initializer=Gaussian(scale=Gain()), batch_size=4
    )
    many = at_gains(base, [round(0.1 * k, 1) for k in range(1, 25)])
    found = list(families(many))
    assert [name for family in found for name in family.gains] == list(many)
    assert all(len(family.gains) * 1000 * 256 * 4 <= LARGEST_SIZE for family in found) and len(found) == 4


# — diagnostics of many experiments —


def test_diagnostics_of_many_experiments_are_those_of_each():
    many = {**at_gains(BASE), "lstm": BASE.model_copy(update={"cell": LSTM(hidden_size=5)})}
    for names in (("gradient_kept", "gradient_rate"), ("gradient_kept", "gradient_flow")):
        needs, ticks = [DIAGNOSTICS[name] for name in names], []
        found = dict(diagnose_each(many, needs, example=1, tick=ticks.append))
        assert set(found) == set(many) and ticks == sorted(ticks) and ticks[-1] <= 1
        for name, experiment in many.items():
            alone = diagnose(experiment, needs, example=1)
            assert found[name].attrs == alone.attrs
            xr.testing.assert_allclose(found[name], alone, rtol=0, atol=ROUNDING)


def test_what_stops_a_run_stops_all_gains():
    class Stop(Exception):
        pass

    def stop(progress: float) -> None:
        raise Stop

    with pytest.raises(Stop):
        run_gains(Family(BASE, {"a": 0.5, "b": 1.0}), tick=stop)
