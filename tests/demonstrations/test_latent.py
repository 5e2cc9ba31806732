"""The latent and the hybrid model against torch.nn.RNN and autograd; what the demonstrations of forecasting promise."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from rnnviz.demonstrations import Autoregression, LatentModels, MarkovText, ModelPerLength
from rnnviz.demonstrations.autoregression import BEFORE
from rnnviz.demonstrations.latent import WINDOW, LatentModel
from rnnviz.demonstrations.latent_models import recall
from rnnviz.demonstrations.model_per_length import LONGEST
from rnnviz.tasks.characters import OTHER


def torchs_forecast(model: LatentModel, values: torch.Tensor, weights: dict[str, torch.Tensor]) -> torch.Tensor:
    """x̂ (example, time) by torch.nn.RNN's own function."""
    size, past = model.experiment.cell.hidden_size, model.past
    cell = torch.nn.RNN(1, size, batch_first=True, dtype=torch.float64)
    before = torch.cat([torch.zeros(len(values), 1, dtype=values.dtype), values[:, :-1]], 1)
    own = {name: weights[name] for name in ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")}
    hidden, _ = torch.func.functional_call(cell, own, before[..., None])
    found = (hidden @ weights["weight_hy"].T + weights["bias_hy"])[..., 0]
    for k in range(1, past + 1):
        late = torch.cat([torch.zeros(len(values), k, dtype=values.dtype), values[:, :-k]], 1)
        found = found + weights[WINDOW][0, k - 1] * late
    return found


@pytest.mark.parametrize("past", [0, 3])
def test_loss_and_gradient_are_those_of_autograd(past: int) -> None:
    sequences = np.random.default_rng(past).standard_normal((5, 9))
    model = LatentModel(4, past, 9, 5, dtype="float64")
    model.weights.views[WINDOW].copy_(torch.linspace(-0.5, 0.7, past, dtype=torch.float64))
    weights = {name: value.clone().requires_grad_() for name, value in model.weights.views.items()}
    values = torch.tensor(sequences)
    loss = (torchs_forecast(model, values, weights) - values).square().mean()
    expected = torch.autograd.grad(loss, [*weights.values()], allow_unused=True, materialize_grads=True)
    found, gradients = model.gradients(sequences)
    assert found == pytest.approx(float(loss.detach()), rel=1e-12)
    for name, gradient in zip(weights, expected, strict=True):
        assert gradients[name] == pytest.approx(gradient, rel=1e-9, abs=1e-14), name
    assert model.errors(sequences).mean() == pytest.approx(found, rel=1e-12)


def test_training_lowers_the_loss_and_the_size_is_what_is_said() -> None:
    sequences = np.sin(np.arange(12) + np.arange(20)[:, None])
    model = LatentModel(4, 2, 12, 20)
    before, progress = model.errors(sequences).mean(), []
    model.train(sequences, progress.append, updates=80)
    assert model.errors(sequences).mean() < 0.5 * before and progress[-1] == 1
    assert model.size == 4**2 + 3 * 4 + 1 + 2


def test_recall_of_what_is_there_and_of_what_is_not() -> None:
    """Read from x itself: all of x, none of independent y, and 1/2 of x + y. 2 000 examples know it to √(2/1000)."""
    draw = np.random.default_rng(0)
    x, y = draw.standard_normal((2, 2_000, 1))
    assert recall(x, np.hstack([x, y, x + y])) == pytest.approx([1, 0, 0.5], abs=3 * math.sqrt(2 / 1_000))


def test_no_model_beats_the_best_and_the_latent_beats_a_short_window() -> None:
    """1 000 sequences of 20 values: a mean error is known to about 2 %, so a model may seem 5 % better than the best."""
    data = LatentModels(process="wave", examples=200, tau=4).compute()
    score, best = data["held_out_error"].mean("time"), float(data["best_error"].mean())
    assert (score > 0.95 * best).all()
    assert float(score.sel(model="latent")) < float(score.sel(model="shared")) < float(score.sel(model="markov"))
    window = data["recall"].sel(reader="window")
    assert window.sel(lag=slice(1, 4)).values == pytest.approx(1.0, abs=1e-9)  # they stand in it


def test_lessons_2_and_4_score_the_same_models_alike() -> None:
    words = {"process": "level", "examples": 40, "tau": 3}
    one, other = ModelPerLength.from_flat(words).compute(), LatentModels.from_flat(words).compute()
    for model in ("naive", "shared", "markov", "mean"):
        assert other["held_out_error"].sel(model=model).values == pytest.approx(
            one["held_out_error"].sel(model=model).values
        )


def test_with_enough_data_a_model_per_length_comes_to_the_best_and_with_too_little_it_does_not() -> None:
    rich, poor = (ModelPerLength(process="wave", examples=n).compute() for n in (2_000, 24))
    naive = rich["held_out_error"].sel(model="naive")
    assert naive.values == pytest.approx(rich["best_error"].values, rel=0.15)  # √(2/1000) = 4.5 %, three of it
    late = poor["held_out_error"].sel(time=slice(LONGEST - 4, LONGEST)).mean("time")
    assert float(late.sel(model="naive")) > float(late.sel(model="mean"))
    assert rich["weights"].sel(model="naive").values.tolist() == np.arange(1, LONGEST + 1).cumsum().tolist()
    assert (np.diff(rich["context_seen"].values) <= 0).all()  # what came as a whole came in its parts


def test_the_error_ahead_grows_to_that_of_the_mean() -> None:
    data = Autoregression(signal="ar2", tau=2).compute()
    error = data["held_out_error"].sel(window=2)
    assert float(error[0]) == pytest.approx(float(data["best_error"][0]), rel=0.2)  # √(2/667) = 5.5 %, and luck
    assert float(error[-1]) == pytest.approx(float(data["mean_error"]), rel=0.1)
    assert float(data["largest_root"]) == pytest.approx(0.85, abs=0.04)
    assert np.isnan(data["one_step"].values[:BEFORE]).all() and np.isfinite(data["one_step"].values[BEFORE:]).all()


def test_a_path_begins_with_the_one_step_forecast_of_its_origin() -> None:
    data = Autoregression(signal="sine", tau=5, origin=7).compute()
    assert float(data["path"][0]) == pytest.approx(float(data["one_step"][BEFORE + 7]), abs=1e-12)


def test_a_word_is_the_product_of_its_factors_and_what_is_typed_is_never_impossible() -> None:
    data = MarkovText(typed_word="the").compute()
    assert data.sizes["letter"] == 3 and 0 < float(data["given_before"].prod()) < 1
    strange = MarkovText(typed_word="한글 ☃").compute()
    assert strange["shown"].values.max() == len(strange["place"]) - 1  # the place of all others
    assert 0 < float(strange["given_before"].min()) < 1 / OTHER
    assert all(0 < float(bits) < math.log2(OTHER + 1) for bits in data["held_out_bits"])
