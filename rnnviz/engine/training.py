"""Training: one update after another, everything written down, to be stopped anywhere and taken up again."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rnnviz.engine.budget import check_budget
from rnnviz.engine.checkpoint import Checkpoint
from rnnviz.engine.data import draw_batch
from rnnviz.engine.gradients import Gradients, Pass
from rnnviz.engine.network import draw_parameters
from rnnviz.engine.passes import Tick, first_overflow, nothing
from rnnviz.engine.training_log import TrainingLog
from rnnviz.engine.workspace import Workspace
from rnnviz.experiment import Experiment
from rnnviz.trace import COMPLETED, Outcome, Trace
from rnnviz.training import NoTraining, NotTrained, Training


def train(experiment: Experiment, *, every: int | None = None, tick: Tick = nothing) -> Trace:
    """All updates of an experiment's training, written down. `every` so many updates a snapshot is kept.

    `tick(progress)` may raise to stop; to keep what was done, use a Trainer. Raises OverBudget before any work, and
    NotTrained for an experiment without training.
    """
    trainer = Trainer(experiment, every=every, tick=tick)
    for _ in trainer.steps():
        pass
    return trainer.trace()


def trained(experiment: Experiment, weights: Mapping[str, Tensor], tick: Tick = nothing) -> dict[str, Tensor]:
    """What the training of an experiment makes of these weights; an experiment without training leaves them alone.

    A training that diverges gives the last weights that were finite.
    """
    if isinstance(experiment.training, NoTraining):
        return dict(weights)
    trainer = Trainer(experiment, weights=weights, every=experiment.training.updates, tick=tick)
    for _ in trainer.steps():
        pass
    return trainer.parameters


class Vector:
    """All parameters side by side in one vector, so that norms, clipping and the optimizer are one operation each.

    Every optimizer here works entry by entry, so one long tensor takes the same path as a list of tensors.
    """

    def __init__(self, tensors: Mapping[str, Tensor]):
        self.vector = torch.cat([value.flatten() for value in tensors.values()])
        sizes = [value.numel() for value in tensors.values()]
        self.starts = np.cumsum([0, *sizes[:-1]])
        parts = torch.split(self.vector, sizes)
        self.views = {name: part.view(value.shape) for part, (name, value) in zip(parts, tensors.items(), strict=True)}

    def norms(self, vector: Tensor) -> np.ndarray:
        """The Euclidean norm of each parameter's part, (parameter,) float64."""
        squares = vector.numpy().astype(np.float64)  # below 1e-38 or above 1e38 they would be lost in float32
        with np.errstate(all="ignore"):
            squares *= squares
            return np.sqrt(np.add.reduceat(squares, self.starts))

    def name_at(self, index: int) -> str:
        return list(self.views)[int(np.searchsorted(self.starts, index, side="right")) - 1]


class Trainer:
    """One training under way. `steps()` makes the updates, `trace()` is what has been written down so far.

    `state()` and `restore()` go between updates: a training that was taken up again follows the very path, bit for bit
    on one machine, that it would have followed. Its place in the data is the number of the update, since every example
    has random numbers of its own.
    """

    def __init__(
        self,
        experiment: Experiment,
        *,
        weights: Mapping[str, Tensor] | None = None,
        every: int | None = None,
        tick: Tick = nothing,
    ):
        if not isinstance(experiment.training, Training):
            raise NotTrained
        check_budget(experiment)
        self.experiment, self.training, self.tick = experiment, experiment.training, tick
        self.weights = Vector(draw_parameters(experiment) if weights is None else weights)
        self.gradient = torch.empty_like(self.weights.vector)
        self.optimizer = self.training.optimizer.make(self.weights.vector, self.training.weight_decay)
        self.log = TrainingLog(experiment, tuple(self.weights.views), every)
        self.workspace = Workspace()
        self.update = 0  # the number of updates made
        self.diverged: Outcome | None = None

    @property
    def parameters(self) -> dict[str, Tensor]:
        """The weights as they are now, a copy of their own."""
        return {name: value.clone() for name, value in self.weights.views.items()}

    @property
    def outcome(self) -> Outcome:
        if self.diverged:
            return self.diverged
        done = self.update == self.training.updates
        return COMPLETED if done else Outcome("stopped", update=self.update)

    def trace(self) -> Trace:
        """What was written down so far; of a diverged training the update that failed as well."""
        reached = self.update + (self.diverged is not None)
        return Trace(self.experiment, self.outcome, self.log.dataset(reached))

    def steps(self) -> Iterator[int]:
        """Make the updates that are left, giving the number of each when it is made. It may be left at any of them."""
        while self.update < self.training.updates and not self.diverged:
            with torch.no_grad():
                self.step()
            if self.diverged:
                return
            self.update += 1
            self.tick(self.update / self.training.updates)
            yield self.update - 1

    def step(self) -> None:
        """g = ∂L/∂θ, ĝ = clip(g), θ ← optimizer(θ, ĝ). A number that is not finite ends the training before its update."""
        u, log = self.update, self.log
        batch, truncation = draw_batch(self.experiment, u), self.training.truncation
        made = Pass(self.experiment, self.weights.views, batch, truncation, self.within, self.workspace)
        snapshot = log.is_snapshot(u)
        flow = made.flow()
        self.put(made.gradients(flow) if snapshot else made.gradients())
        if snapshot:
            log.snapshot(u, made, flow)
        norms = self.weights.norms(self.gradient)
        norm = float(np.sqrt(np.square(norms).sum()))
        before = self.gradient.clone()
        clipped = self.training.clipping.clip(self.gradient, norm)
        after = float(np.linalg.norm(self.weights.norms(self.gradient))) if clipped else norm
        rate = self.training.optimizer.learning_rate * self.training.schedule.factor(u, self.training.updates)
        log.write(u, {
            "loss": made.loss, "accuracy": made.accuracy, "learning_rate": rate, "gradient_norm": norm,
            "clipped_gradient_norm": after, "clipped": float(clipped),
            "direction_change": angle(before, self.gradient) if clipped else 0.0, "parameter_gradient_norm": norms,
        })  # fmt: skip
        if not (math.isfinite(made.loss) and (math.isfinite(norm) or bool(torch.isfinite(self.gradient).all()))):
            self.diverged = self.lost(made)
            return
        self.move(rate)

    def within(self, progress: float) -> None:
        self.tick((self.update + progress) / self.training.updates)

    def put(self, gradients: Gradients) -> None:
        torch.cat([gradients[name].flatten() for name in self.weights.views], out=self.gradient)

    def move(self, rate: float) -> None:
        """The optimizer's part. Weights that would not be finite are not taken."""
        vector = self.weights.vector
        before = vector.clone()
        vector.grad = self.gradient
        self.optimizer.param_groups[0]["lr"] = rate
        self.optimizer.step()
        moved, sizes = self.weights.norms(vector - before), self.weights.norms(before)
        with np.errstate(all="ignore"):
            self.log.write(self.update, {"update_ratio": moved / sizes})
        if not np.isfinite(moved).all():
            self.diverged = self.ended("weight", vector)
            vector.copy_(before)

    def lost(self, made: Pass) -> Outcome:
        """Where the numbers ended: in a state on the way forward, else in the loss, else in the gradient."""
        overflow = first_overflow(made.layers)
        if math.isfinite(made.loss):
            return self.ended("gradient", self.gradient)
        time, quantity = overflow or (0, "loss")
        return self.ended(quantity, self.gradient, time)

    def ended(self, quantity: str, vector: Tensor, time: int = 0) -> Outcome:
        bad = (~torch.isfinite(vector)).nonzero()
        name = self.weights.name_at(int(bad[0])) if len(bad) else next(iter(self.weights.views))
        return Outcome("diverged", quantity, time, self.experiment.dtype, self.update, name)

    # — to be taken up again —

    def state(self) -> Checkpoint:
        held = {name: value for name, value in self.optimizer.state[self.weights.vector].items() if value is not None}
        return Checkpoint(
            self.experiment, self.update, self.log.every, self.diverged,
            {name: value.clone() for name, value in self.weights.views.items()},
            {name: torch.as_tensor(value).clone() for name, value in held.items()},
            {name: array.copy() for name, array in self.log.arrays().items()},
        )  # fmt: skip

    @classmethod
    def restore(cls, kept: Checkpoint, *, tick: Tick = nothing) -> Trainer:
        trainer = cls(kept.experiment, weights=kept.weights, every=kept.every, tick=tick)
        if kept.optimizer:
            groups: list[dict[str, Any]] = trainer.optimizer.state_dict()["param_groups"]
            held = {name: value.clone() for name, value in kept.optimizer.items()}
            trainer.optimizer.load_state_dict({"state": {0: held}, "param_groups": groups})
        trainer.log.restore(kept.log)
        trainer.update, trainer.diverged = kept.update, kept.diverged
        return trainer


def angle(one: Tensor, other: Tensor) -> float:
    """Between two vectors, in degrees: 2 atan2(‖u − v‖, ‖u + v‖) of unit vectors, exact near 0 where arccos is not."""
    u, v = (vector.double() / torch.linalg.vector_norm(vector.double()) for vector in (one, other))
    return math.degrees(2 * math.atan2(float(torch.linalg.vector_norm(u - v)), float(torch.linalg.vector_norm(u + v))))
