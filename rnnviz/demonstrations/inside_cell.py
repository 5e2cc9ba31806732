"""Inside one gated cell: every number of every step, with any gate held open or shut, and what the gradient makes of it."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

import torch
import xarray as xr
from pydantic import Field
from torch import Tensor

from rnnviz.cells import GRU, LSTM, State
from rnnviz.cells.cell import Cell, Parameters
from rnnviz.choice import Choice
from rnnviz.demonstrations.adders import STEPS, Network, adder
from rnnviz.demonstrations.demonstration import Demonstration, Tick, nothing
from rnnviz.demonstrations.holding import Free, Held, Hold, held

BIASES = (0, 1, 3, 5)  # of a gate that reads nothing, σ(b)
HELD = (0.0, 1.0)


class OpenedLSTM(Choice):
    """The trained LSTM, or one of a single unit that can be computed by hand."""

    kind: Literal["lstm"] = Field("lstm", repr=False)
    network: Literal["trained", "by_hand"] = "trained"
    held_f: Hold = Free()
    held_i: Hold = Free()
    held_o: Hold = Free()

    @property
    def holds(self) -> dict[str, Hold]:
        return {"forget_gate": self.held_f, "input_gate": self.held_i, "output_gate": self.held_o}

    def made(self, tick: Tick) -> Network:
        return by_hand() if self.network == "by_hand" else adder("lstm", tick)


class OpenedGRU(Choice):
    """The trained GRU, which resets after the product as PyTorch does; `before` has the same weights."""

    kind: Literal["gru"] = Field("gru", repr=False)
    reset: Literal["after", "before"] = "after"
    held_z: Hold = Free()
    held_r: Hold = Free()

    @property
    def holds(self) -> dict[str, Hold]:
        return {"update_gate": self.held_z, "reset_gate": self.held_r}

    def made(self, tick: Tick) -> Network:
        network = adder("gru", tick)
        return network._replace(cell=network.cell.model_copy(update={"reset": self.reset}))


class InsideCell(Demonstration):
    """A small LSTM or GRU that has learnt to add two marked numbers, on one example; T = 20.

    The memory m is what the keeping gate carries: c of the LSTM, h of the GRU. y is the answer after the last step, and
    gradients are of y itself, so that a small error does not make them small.
    """

    kind: Literal["inside_cell"] = Field("inside_cell", repr=False)
    opened: Annotated[OpenedLSTM | OpenedGRU, Field(discriminator="kind")] = OpenedLSTM()

    def compute(self, tick: Tick = nothing) -> xr.Dataset:
        """Of the run as its gates are held; moment 0 is before the first step.

        gate (gate_name, time, unit), memory and hidden_state (moment, unit), input (time, feature)
        memory_grad, hidden_grad   ∂y/∂m_t and ∂y/∂h_t over all paths, (moment, unit), by autograd
        direct_grad                ∂y/∂m_T ∘ ∏ of the keeping gates after t: the one path through the memory alone
        free_grad                  memory_grad with no gate held
        answer (answer_of): y as the gates are held, y with none held, and what it should be
        held_grad, held_change     ‖∂y/∂m_0‖ and ‖m_T − m_0‖ with one gate alone held, (held_gate, held_at)
        other_memory, other_answer   with the reset on the other side of the product, and the same weights; of a GRU
        by_hand (gate_or_state) and kept_by_bias (bias): see `one_step_by_hand` and `kept_by_bias`
        """
        network = self.opened.made(tick)
        free, as_held = Run.of(network), Run.of(self.with_holds(network))
        made = self.of_run(network, free, as_held)
        if isinstance(network.cell, GRU):
            other = network.cell.model_copy(update={"reset": "before" if network.cell.reset == "after" else "after"})
            beside = Run.of(self.with_holds(network._replace(cell=other)))
            made["other_memory"] = ("moment", "unit"), beside.memory.numpy()
            made["other_answer"] = (), beside.answer
        return made

    def of_run(self, network: Network, free: Run, as_held: Run) -> xr.Dataset:
        keeping = network.cell.keeping_gate
        assert keeping is not None
        names = list(network.cell.gate_names)
        of_kept = as_held.gates[names.index(keeping)]
        direct = [as_held.memory_grad[-1] * of_kept[t:].prod(0) for t in range(STEPS + 1)]
        by_hand_numbers = one_step_by_hand()
        gates = [name for name in names if name != "candidate"]
        alone = [[Run.of(with_gate(network, gate, value)) for value in HELD] for gate in gates]
        return xr.Dataset(
            {
                "gate": (("gate_name", "time", "unit"), as_held.gates.numpy()),
                "input": (("time", "feature"), network.inputs.numpy()),
                "memory": (("moment", "unit"), as_held.memory.numpy()),
                "hidden_state": (("moment", "unit"), as_held.hidden.numpy()),
                "memory_grad": (("moment", "unit"), as_held.memory_grad.numpy()),
                "hidden_grad": (("moment", "unit"), as_held.hidden_grad.numpy()),
                "direct_grad": (("moment", "unit"), torch.stack(direct).numpy()),
                "free_grad": (("moment", "unit"), free.memory_grad.numpy()),
                "answer": ("answer_of", [as_held.answer, free.answer, network.target]),
                "held_grad": (("held_gate", "held_at"), [[float(run.memory_grad[0].norm()) for run in of] for of in alone]),
                "held_change": (
                    ("held_gate", "held_at"),
                    [[float((run.memory[-1] - run.memory[0]).norm()) for run in of] for of in alone],
                ),
                "by_hand": ("gate_or_state", list(by_hand_numbers.values())),
                "kept_by_bias": ("bias", [kept_by_bias(bias) for bias in BIASES]),
            },
            {
                "gate_name": names, "time": range(1, STEPS + 1), "moment": range(STEPS + 1), "held_gate": gates,
                "held_at": list(HELD), "answer_of": ["held", "free", "right"], "gate_or_state": list(by_hand_numbers),
                "bias": list(BIASES),
            },
        )  # fmt: skip

    def with_holds(self, network: Network) -> Network:
        for gate, hold in self.opened.holds.items():
            if isinstance(hold, Held):
                network = with_gate(network, gate, hold.held_at)
        return network


class Run(NamedTuple):
    """One forward pass by the cell's own equation, and autograd's way back from the answer."""

    gates: Tensor  # (gate_name, time, unit)
    memory: Tensor  # (moment, unit), and so are the others
    hidden: Tensor
    memory_grad: Tensor
    hidden_grad: Tensor
    answer: float

    @classmethod
    def of(cls, network: Network) -> Run:
        start = network.cell.state(network.start.flat().clone().requires_grad_())
        states, gates = unrolled(network.cell, network.parameters, start, network.inputs)
        hidden = [state.hidden_state for state in states]
        memory = [state.hidden_state if state.cell_state is None else state.cell_state for state in states]
        answer = hidden[-1][0] @ network.weight_hy + network.bias_hy
        found = torch.autograd.grad(answer, [*memory, *hidden], materialize_grads=True)
        together = (memory, hidden, found[: len(memory)], found[len(memory) :])
        m, h, memory_grad, hidden_grad = (torch.cat(list(part)).detach() for part in together)
        return cls(torch.stack(gates, 1)[:, :, 0].detach(), m, h, memory_grad, hidden_grad, float(answer.detach()))


def unrolled(
    cell: Cell, parameters: Parameters, state: State, inputs: Tensor, *, one_path: bool = False
) -> tuple[list[State], list[Tensor]]:
    """The states before and after every step, and the gates of every step.

    `one_path` cuts what h_{t−1} does to the gates out of the graph, so that of an LSTM the path c_{t−1} → c_t is left.
    """
    states, gates = [state], []
    for x in inputs:
        before = State(states[-1].hidden_state.detach(), states[-1].cell_state) if one_path else states[-1]
        after, of_step = cell.step(parameters, x[None], before)
        states.append(after)
        gates.append(of_step)
    return states, gates


def with_gate(network: Network, gate: str, value: float) -> Network:
    """The same network with one gate held."""
    return network._replace(parameters=held(network.cell, network.parameters, gate, value))


# — numbers that can be computed by hand —


def by_hand() -> Network:
    """One unit: input and candidate weights 1, recurrent weights ½, b_f = 3, c_0 = 1; it reads −1 once and then nothing."""
    column = torch.ones(4, 1, dtype=torch.float64)
    bias = torch.tensor([0.0, 3.0, 0.0, 0.0], dtype=torch.float64)
    parameters = {"weight_ih": column, "weight_hh": 0.5 * column, "bias_ih": bias, "bias_hh": torch.zeros_like(bias)}
    inputs = torch.zeros(STEPS, 1, dtype=torch.float64)
    inputs[0] = -1.0
    one = torch.ones(1, 1, dtype=torch.float64)
    return Network(
        LSTM(hidden_size=1), parameters, State(0 * one, one), inputs, one[0], torch.zeros((), dtype=torch.float64), 0.0
    )


def one_step_by_hand() -> dict[str, float]:
    """f, i, g, o, c_1 and h_1 of the first step of `by_hand`, by `LSTM.step`."""
    network = by_hand()
    state, gates = network.cell.step(network.parameters, network.inputs[:1], network.start)
    assert state.cell_state is not None
    states = {"cell_state": float(state.cell_state), "hidden_state": float(state.hidden_state)}
    return dict(zip(network.cell.gate_names, gates.flatten().tolist(), strict=True)) | states


def kept_by_bias(bias: float) -> float:
    """∂c_T/∂c_0 on the direct path, by autograd, of an LSTM whose forget gate is σ(b) at every step."""
    network = by_hand()
    gate = float(torch.tensor(bias, dtype=torch.float64).sigmoid())
    parameters = held(network.cell, network.parameters, "forget_gate", gate)
    start = State(network.start.hidden_state, torch.ones(1, 1, dtype=torch.float64, requires_grad=True))
    states, _ = unrolled(network.cell, parameters, start, network.inputs, one_path=True)
    assert start.cell_state is not None and states[-1].cell_state is not None
    (gradient,) = torch.autograd.grad(states[-1].cell_state, start.cell_state)
    return float(gradient)
