"""One small vanilla network, trained on a stand-in of each shape: its answers, and which loss reaches which state."""

from __future__ import annotations

from typing import Annotated, Literal

import torch
import xarray as xr
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from rnnviz.cells import Elman
from rnnviz.choice import Range
from rnnviz.demonstrations.demonstration import Demonstration, Tick, nothing
from rnnviz.demonstrations.stand_ins import STAND_INS, UNJUDGED, Examples
from rnnviz.initializers import Gain, Orthogonal
from rnnviz.streams import generator

HIDDEN = 24
EXAMPLES = 64  # of an update; as many fresh ones are judged at the end, four times over
LEARNING_RATE = 0.01
SHOWN = 6  # examples whose answers are kept in words


class Shapes(Demonstration):
    """A vanilla network of 24 tanh units, U updates of Adam on fresh examples, and then judged on others.

    ℓ is the mean cross-entropy of the steps that are judged: one of one, every one after a single input, the last one,
    those after the input has ended, or every one.
    """

    kind: Literal["shapes"] = Field("shapes", repr=False)
    stand_in: Literal["image", "caption", "sentiment", "translation", "tagging", "video"] = "sentiment"
    training_updates: Annotated[int, Range(0, 400, step=50, symbol="U", unit="updates")] = 300

    def compute(self, tick: Tick = nothing) -> xr.Dataset:
        """loss_gradient: log₁₀ ‖∂ℓ_t/∂h_k‖, median over examples, (loss_step, state_step); −∞ for k > t, NaN without a loss.

        accuracy (time,): of fresh examples, NaN without a loss; guessing: the share of the commonest answer, likewise.
        training_loss (update,).   read, answer, target: words of a few examples, (example, time); "" without a loss.
        """
        network, losses = self.trained(tick)
        fresh = self.draw(4 * EXAMPLES, "judged")
        with torch.no_grad():
            outputs = network.outputs(network.states(fresh.inputs))
        answers, judged = outputs.argmax(-1), fresh.targets != UNJUDGED
        steps = range(1, len(fresh.inputs) + 1)
        words = ("example", "time")
        return xr.Dataset(
            {
                "loss_gradient": (("loss_step", "state_step"), gradients(network, fresh).numpy()),
                "accuracy": ("time", shares((answers == fresh.targets), judged).numpy()),
                "guessing": ("time", guessed(fresh.targets, judged, len(fresh.answers)).numpy()),
                "training_loss": ("update", losses),
                "read": (words, fresh.read[:SHOWN]),
                "answer": (words, in_words(answers, judged, fresh.answers)),
                "target": (words, in_words(fresh.targets, judged, fresh.answers)),
            },
            {"time": steps, "loss_step": steps, "state_step": steps},
        )

    def draw(self, count: int, *purpose: object) -> Examples:
        return STAND_INS[self.stand_in](count, generator(0, "shapes", self.stand_in, *purpose))

    def trained(self, tick: Tick) -> tuple[Network, list[float]]:
        """The network, and what every update read of the loss before it moved."""
        like = self.draw(1, "size")
        network = Network(like.inputs.shape[-1], len(like.answers))
        optimizer = torch.optim.Adam(network.parameters.values(), LEARNING_RATE)
        losses = []
        for update in range(self.training_updates):
            batch = self.draw(EXAMPLES, update)
            loss = network.loss(network.states(batch.inputs), batch.targets).nanmean()
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
            losses.append(float(loss.detach()))
            tick((update + 1) / self.training_updates)
        return network, losses


class Network:
    """h_t by the cell's own equation, from h_0 = 0; y_t = W_hy h_t + b_hy. In float64."""

    def __init__(self, inputs: int, answers: int):
        weights, self.cell = generator(0, "shapes", "weights"), Elman(hidden_size=HIDDEN)
        drawn = self.cell.draw(Orthogonal(scale=Gain()), inputs, weights)
        readout = torch.randn(answers, HIDDEN, generator=weights, dtype=torch.float64) / HIDDEN**0.5
        drawn |= {"weight_hy": readout, "bias_hy": torch.zeros(answers, dtype=torch.float64)}
        self.parameters = {name: value.requires_grad_() for name, value in drawn.items()}

    def states(self, inputs: Tensor) -> list[Tensor]:
        """h_1 … h_T, (example, unit) each."""
        state, states = self.cell.initial_state(inputs.shape[1], inputs.dtype), []
        for x in inputs:
            state, _ = self.cell.step(self.parameters, x, state)
            states.append(state.hidden_state)
        return states

    def outputs(self, states: list[Tensor]) -> Tensor:
        """(time, example, class)."""
        return torch.stack(states) @ self.parameters["weight_hy"].T + self.parameters["bias_hy"]

    def loss(self, states: list[Tensor], targets: Tensor) -> Tensor:
        """ℓ_t of each example, (time, example); NaN where no loss enters."""
        found = functional.cross_entropy(
            self.outputs(states).permute(1, 2, 0), targets.T, ignore_index=UNJUDGED, reduction="none"
        )
        return found.T.masked_fill(targets == UNJUDGED, torch.nan)


def gradients(network: Network, examples: Examples) -> Tensor:
    """log₁₀ ‖∂ℓ_t/∂h_k‖ by autograd, the median over the examples, (loss step t, state k)."""
    states = network.states(examples.inputs)
    losses = network.loss(states, examples.targets)
    found = torch.full((len(states), len(states)), torch.nan, dtype=torch.float64)
    for t, loss in enumerate(losses):
        if not loss.isnan().any():
            # The examples know nothing of each other, so the gradient of the sum holds that of each.
            parts = torch.autograd.grad(loss.sum(), states[: t + 1], retain_graph=True)
            found[t] = -torch.inf
            found[t, : t + 1] = torch.stack([part.norm(dim=1).median().log10() for part in parts])
    return found


def shares(right: Tensor, judged: Tensor) -> Tensor:
    """Of right answers at each step, (time,); NaN where nothing is judged."""
    return (right & judged).double().sum(1) / judged.double().sum(1)


def guessed(targets: Tensor, judged: Tensor, classes: int) -> Tensor:
    """What always giving the commonest answer of a step scores, (time,)."""
    counts = torch.stack([((targets == k) & judged).double().sum(1) for k in range(classes)])
    return counts.amax(0) / judged.double().sum(1)


def in_words(classes: Tensor, judged: Tensor, answers: tuple[str, ...]) -> list[list[str]]:
    return [
        [answers[k] if there else "" for k, there in zip(row, mask, strict=True)]
        for row, mask in zip(classes.T[:SHOWN].tolist(), judged.T[:SHOWN].tolist(), strict=True)
    ]
