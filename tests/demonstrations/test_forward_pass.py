"""The tiny network of lesson 6 against torch.nn.RNN, autograd and arithmetic; counts of weights against torch's modules."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch

from rnnviz.demonstrations import ForwardPass, WeightSharing
from rnnviz.demonstrations.forward_pass import BIAS, INPUTS, STEPS, UNITS, WEIGHT_HH, WEIGHT_HY, WEIGHT_XH
from rnnviz.demonstrations.weight_sharing import FEATURES
from rnnviz.figures import Look
from rnnviz.figures.demonstrations import NestedExpression, UnrolledNetwork
from rnnviz.text import Text


def torchs(weight_hh: torch.Tensor, start: torch.Tensor, activation: str = "tanh") -> torch.Tensor:
    """h_1 … h_4 by torch.nn.RNN, which shares no code with the cell."""
    network = torch.nn.RNN(1, UNITS, nonlinearity=activation, dtype=torch.float64)
    weights = {"weight_ih_l0": WEIGHT_XH, "bias_ih_l0": BIAS, "bias_hh_l0": (0.0,) * UNITS}
    x = torch.tensor(INPUTS, dtype=torch.float64)[:, None]
    parameters = {name: torch.tensor(value, dtype=torch.float64) for name, value in weights.items()}
    parameters["weight_hh_l0"] = weight_hh
    return torch.func.functional_call(network, parameters, (x, start[None]))[0]


@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize(("first", "start"), [(0.9, 0.0), (-1.5, 1.0)])
def test_the_forward_pass_is_torchs_own_and_so_are_its_derivatives(first: float, start: float, activation: str) -> None:
    """In float64 both compute the same few sums; 1e-12 is a thousand times their rounding."""
    data = ForwardPass(first_weight=first, initial_state=start, activation=activation).compute()  # type: ignore[arg-type]
    weight = torch.tensor(WEIGHT_HH, dtype=torch.float64)
    weight[0, 0] = first
    h0 = torch.full((UNITS,), start, dtype=torch.float64)
    hidden = torchs(weight, h0, activation)
    assert data["hidden_state"].values[1:] == pytest.approx(hidden.numpy(), abs=1e-12)
    assert data["output"].values == pytest.approx(
        (hidden @ torch.tensor(WEIGHT_HY[0], dtype=torch.float64)).numpy(), abs=1e-12
    )
    of_weight = torch.autograd.functional.jacobian(lambda w: torchs(w, h0, activation), weight)
    assert data["weight_effect"].values == pytest.approx(of_weight.flatten(1).norm(dim=1).numpy(), abs=1e-12)
    of_start = torch.autograd.functional.jacobian(lambda h: torchs(weight, h, activation)[-1], h0)
    assert float(data["jacobian_norm"][0]) == pytest.approx(float(torch.linalg.matrix_norm(of_start, 2)), abs=1e-12)
    assert float(data["jacobian_norm"][-1]) == pytest.approx(1)


def test_only_h_1_does_not_know_the_recurrent_matrix_and_only_while_h_0_is_zero() -> None:
    effects = ForwardPass().compute()["weight_effect"].values
    assert effects[0] == 0 and (effects[1:] > 0.1).all()
    assert ForwardPass(initial_state=0.5).compute()["weight_effect"].values[0] > 0


@pytest.mark.parametrize("at", range(1, STEPS + 1))
def test_the_sums_that_are_written_come_true_in_a_calculator(at: int) -> None:
    """Every number is rounded to three decimals, so two products and a sum are right to within 0.0005 (1 + 0.9 + 0.7)."""
    lines = UnrolledNetwork(at=at).lines(ForwardPass().shown(), Text(), Look())
    for line, result in zip(lines[:4:2], lines[1:4:2], strict=True):
        terms = re.sub(r"<[^>]+>", "", line).split("=")[1]
        written = float(re.search(r"≈ ([−\d.]+)", result)[1].replace("−", "-"))  # type: ignore[index]
        assert eval(terms.replace("−", "-").replace("·", "*")) == pytest.approx(written, abs=0.0013)


@pytest.mark.parametrize("opened", range(1, STEPS + 1))
def test_every_level_that_is_opened_has_its_box_and_its_brackets_close(opened: int) -> None:
    layout = NestedExpression(depth=opened)(ForwardPass().shown(), Text(), Look())["layout"]
    assert len(layout["shapes"]) == opened
    words = [note["text"] for note in layout["annotations"]]
    left = sum(word.startswith("tanh(") for word in words)
    assert left == sum(word.endswith(" )") for word in words) == opened
    assert any(f"<sub>{STEPS - opened}</sub></b>" in word for word in words)


@pytest.mark.parametrize(("units", "length"), [(1, 2), (64, 20), (100, 3)])
def test_the_counts_are_those_of_torchs_modules(units: int, length: int) -> None:
    """A vanilla network of torch has two biases in the state where one is counted here."""
    data = WeightSharing(hidden_size=units, sequence_length=length).compute()["parameters"].sel(length=length)
    with torch.device("meta"):
        shared = size(torch.nn.RNN(FEATURES, units)) - units + size(torch.nn.Linear(units, FEATURES))
        layers = ((length * FEATURES, length * units), (length * units, length * FEATURES))
        connected = sum(size(torch.nn.Linear(*layer)) for layer in layers)
    assert data.values.tolist() == [shared, shared * length, connected]


def size(module: torch.nn.Module) -> int:
    return sum(int(np.prod(parameter.shape)) for parameter in module.parameters())
