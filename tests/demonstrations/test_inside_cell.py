"""The opened cells against torch.nn, closed forms and rows 6, 7 and 8 of NUMBERS.md; and what the cells cost."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest
import torch
import xarray as xr
from torch import nn

from rnnviz.cells import GRU, LSTM
from rnnviz.cells.cell import Cell
from rnnviz.demonstrations import GatedCosts, InsideCell
from rnnviz.demonstrations.adders import STEPS, UNITS, Network, adder
from rnnviz.demonstrations.gated_costs import EXAMPLES, FEATURES, Layer
from rnnviz.demonstrations.gated_costs import STEPS as LONG
from rnnviz.demonstrations.holding import Held, held
from rnnviz.demonstrations.inside_cell import OpenedGRU, OpenedLSTM, Run

ROUNDING = 1e-10  # of the exact rows, float64


@cache
def inside(opened: OpenedLSTM | OpenedGRU) -> xr.Dataset:
    return InsideCell(opened=opened).compute()


def twin(network: Network) -> nn.LSTM | nn.GRU:
    kind = nn.LSTM if isinstance(network.cell, LSTM) else nn.GRU
    module = kind(network.inputs.shape[1], network.cell.hidden_size).double()
    module.load_state_dict({f"{name}_l0": value for name, value in network.parameters.items()})
    return module


@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_the_numbers_are_those_of_torchs_own_layer(kind: str) -> None:
    """States, the answer, and ∂y/∂m_0 by torch's autograd of torch.nn; float64, so to rounding over 20 steps."""
    data, network = inside(OpenedLSTM() if kind == "lstm" else OpenedGRU()), adder(kind)
    zero = torch.zeros(1, 1, UNITS, dtype=torch.float64)
    start = tuple(zero.clone().requires_grad_() for _ in range(2 if kind == "lstm" else 1))
    outputs, end = twin(network)(network.inputs[:, None], start if kind == "lstm" else start[0])
    answer = outputs[-1, 0] @ network.weight_hy + network.bias_hy
    gradients = torch.autograd.grad(answer, start)
    assert data["hidden_state"].values[1:] == pytest.approx(outputs[:, 0].detach().numpy(), abs=1e-12)
    last = end[1] if kind == "lstm" else end
    assert data["memory"].values[-1] == pytest.approx(last[0, 0].detach().numpy(), abs=1e-12)
    assert float(data["answer"].sel(answer_of="free")) == pytest.approx(float(answer.detach()), abs=1e-12)
    assert data["memory_grad"].values[0] == pytest.approx(gradients[-1][0, 0].numpy(), abs=1e-12)


@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_the_networks_have_learnt_to_add(kind: str) -> None:
    """Squared error on an unseen example below a tenth of 1/6, what always answering 1 costs (row 25)."""
    held_answer, free, right = inside(OpenedLSTM() if kind == "lstm" else OpenedGRU())["answer"].values
    assert held_answer == free and (free - right) ** 2 < (1 / 6) / 10


@pytest.mark.parametrize("value", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("gate", ["forget_gate", "input_gate", "output_gate"])
def test_a_held_gate_has_its_value_and_the_equation_does_the_rest(gate: str, value: float) -> None:
    network = adder("lstm")
    run = Run.of(network._replace(parameters=held(network.cell, network.parameters, gate, value)))
    gates = dict(zip(LSTM.gate_names, run.gates.numpy(), strict=True))
    assert gates[gate] == pytest.approx(np.full((STEPS, UNITS), value), rel=1e-15, abs=0)
    c = gates["forget_gate"] * run.memory.numpy()[:-1] + gates["input_gate"] * gates["candidate"]
    assert run.memory.numpy()[1:] == pytest.approx(c, abs=1e-14)
    assert run.hidden.numpy()[1:] == pytest.approx(gates["output_gate"] * np.tanh(c), abs=1e-14)
    assert torch.isfinite(run.memory_grad).all()


def test_f_one_and_i_zero_carry_the_memory_unchanged() -> None:
    data = inside(OpenedLSTM(network="by_hand", held_f=Held(held_at=1.0), held_i=Held(held_at=0.0)))
    assert set(data["memory"].values.ravel()) == {1.0}


def test_only_the_input_gate_can_be_shut_without_cutting_the_start_off() -> None:
    """c_0 acts through f_1 c_0 alone, and y sees h alone: exact zeros, for whatever weights."""
    reaching = inside(OpenedLSTM())["held_grad"].sel(held_at=0.0)
    assert float(reaching.sel(held_gate="forget_gate")) == 0 == float(reaching.sel(held_gate="output_gate"))
    assert float(reaching.sel(held_gate="input_gate")) > 0.01


@pytest.mark.parametrize(
    ("bias", "f", "quoted"),
    [(0, 0.5, 9.537e-7), (1, 0.731059, 1.9013e-3), (3, 0.952574, 0.378421), (5, 0.993307, 0.874322)],
)
def test_row_6_the_direct_path_of_the_cell_state(bias: int, f: float, quoted: float) -> None:
    """Row 6 (E): f = σ(b_f), ∂c_T/∂c_0 with the gates held = ∏ f = f^20; quoted to four or six digits."""
    kept = float(inside(OpenedLSTM())["kept_by_bias"].sel(bias=bias))
    exact = 1 / (1 + math.exp(-bias))
    assert kept == pytest.approx(exact**20, rel=ROUNDING) and exact == pytest.approx(f, abs=5e-7)
    assert kept == pytest.approx(quoted, rel=5e-5)


def test_row_6_of_the_trained_cell_too() -> None:
    """The dashed curve is ∂y/∂c_T times the product of this run's own forget gates."""
    data = inside(OpenedLSTM())
    f = data["gate"].sel(gate_name="forget_gate").values
    assert data["direct_grad"].values[0] == pytest.approx(data["memory_grad"].values[-1] * f.prod(0), rel=ROUNDING)


@pytest.mark.parametrize("reset", ["after", "before"])
def test_row_7_the_direct_path_of_the_gru_is_the_product_of_pytorchs_z(reset: str) -> None:
    """Row 7 (E): with r = 0 the candidate hears nothing of h, so with z held autograd's whole gradient is ∏ z = 0.9^20."""
    opened = OpenedGRU(reset=reset, held_r=Held(held_at=0.0), held_z=Held(held_at=0.9))  # type: ignore[arg-type]
    data = inside(opened)
    assert data["memory_grad"].values[0] == pytest.approx(data["memory_grad"].values[-1] * 0.9**20, rel=ROUNDING)
    assert data["direct_grad"].values == pytest.approx(data["memory_grad"].values, rel=ROUNDING)


def test_row_7_pytorchs_z_keeps_the_old_state() -> None:
    """The notes' z is 1 − this one: z = 1 keeps h_0 = 0 for ever, z = 0 makes h_t the candidate."""
    kept, taken = (inside(OpenedGRU(held_z=Held(held_at=z))) for z in (1.0, 0.0))
    assert not kept["memory"].values.any()
    candidate = taken["gate"].sel(gate_name="candidate").values
    assert taken["memory"].values[1:] == pytest.approx(candidate, abs=1e-15)
    assert float(kept["held_change"].sel(held_gate="update_gate", held_at=1.0)) == 0


def test_row_8_one_step_by_hand() -> None:
    """Row 8 (E): six printed digits, here and on the drawing's first step."""
    quoted = {"forget_gate": 0.880797, "input_gate": 0.268941, "output_gate": 0.268941, "candidate": -0.761594,
              "cell_state": 0.675973, "hidden_state": 0.158378}  # fmt: skip
    data = inside(OpenedLSTM(network="by_hand"))
    assert dict(data["by_hand"].to_series()) == pytest.approx(quoted, abs=5e-7)
    drawn = {name: float(data["gate"].sel(gate_name=name, time=1)[0]) for name in LSTM.gate_names}
    drawn |= {"cell_state": float(data["memory"][1, 0]), "hidden_state": float(data["hidden_state"][1, 0])}
    assert drawn == pytest.approx(quoted, abs=5e-7)


def test_with_the_same_weights_the_reset_before_the_product_is_another_network() -> None:
    after, before = inside(OpenedGRU()), inside(OpenedGRU(reset="before"))
    assert float(after["other_answer"]) == float(before["answer"].sel(answer_of="held"))
    assert float(before["other_answer"]) == float(after["answer"].sel(answer_of="held"))
    assert abs(float(after["other_answer"]) - float(before["other_answer"])) > 0.01


# — costs —


@pytest.mark.parametrize("size", [8, 64])
def test_parameters_and_state_are_those_of_torch(size: int) -> None:
    data = GatedCosts(measured_units=size).compute()
    for name, kind in {"elman": nn.RNN, "lstm": nn.LSTM, "gru_after": nn.GRU}.items():
        counted = sum(value.numel() for value in kind(FEATURES, size).parameters())
        assert int(data["parameters"].sel(measured_cell=name)) == counted
    of = {name: data.sel(measured_cell=name) for name in data["measured_cell"].values}
    assert int(of["gru_after"]["parameters"]) * 4 == int(of["lstm"]["parameters"]) * 3
    assert int(of["gru_after"]["state"]) == size == int(of["lstm"]["state"]) // 2
    assert (data["milliseconds"] > 0).all() and data["library_milliseconds"].isnull().sum() == 1


def test_the_memory_that_is_kept_is_counted() -> None:
    """Autograd of tanh keeps its result and nothing else of it; the product with W_hh keeps h, which is that result."""
    kept = Layer.of(GatedCosts(measured_units=8).cells()["elman"]).bytes_kept()
    h, views = 4 * EXAMPLES * 8 * LONG, 4 * EXAMPLES * 8
    assert h - views <= kept <= h + views + 64  # h_0 may be kept, h_T belongs to no product


@pytest.mark.parametrize("cell", [LSTM(hidden_size=5), GRU(hidden_size=5)])
def test_what_is_timed_is_the_same_function(cell: Cell) -> None:
    """By the equation and as torch.nn's layer: equal sums of h_T, float32."""
    layer = Layer.of(cell)
    kind = nn.LSTM if isinstance(cell, LSTM) else nn.GRU
    module = kind(FEATURES, 5, device="meta")
    module.load_state_dict({f"{name}_l0": value.detach() for name, value in layer.parameters.items()}, assign=True)
    assert module(layer.inputs)[0][-1].sum().item() == pytest.approx(layer.forward().item(), abs=1e-4)
