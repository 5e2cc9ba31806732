"""An update with everything written down, against torch's layer, a linear readout and fused Adam that log nothing.

Both read the same batch, which is there already: drawing one costs both the same. Every step is judged. "Every update" keeps
a snapshot each time (gradient profile, gates, a sample, and at every tenth the spectra), so updates are timed by tens;
"drawn frames" one in fifty, as a film of 200 frames over 10 000 updates does. Spectra are the eigenvalues of W_hh, which
cost the same whatever the sequence, so they are also shown by themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import torch
from torch import Tensor, nn

from benchmarks.peers import FEATURES, KINDS, LAYERS
from benchmarks.timing import Row, Work, race
from rnnviz.engine import training
from rnnviz.engine.data import draw_batch
from rnnviz.engine.training import Trainer
from rnnviz.engine.training_log import SPECTRA_APART, TrainingLog, spectra
from rnnviz.experiment import Experiment, LossAtEvery
from rnnviz.optimizers import Adam
from rnnviz.streams import Examples
from rnnviz.tasks import Batch, Noise
from rnnviz.training import Training

GOALS = {"LSTM": 0.7, "GRU": 1.5, "RNN": 1.5}
UPDATES = 100_000  # more than any race makes
PATH = 100  # updates over which the losses are compared
FRAMES = 50  # updates from one drawn frame to the next


class TorchLoop:
    """zero_grad, forward, loss, backward, step: what a script does that logs nothing."""

    def __init__(self, experiment: Experiment, batch: Batch, kind: str):
        size = experiment.cell.hidden_size
        self.layer, self.readout = LAYERS[kind](FEATURES, size), nn.Linear(size, 1)
        self.inputs, self.targets = batch.inputs.float(), batch.targets.float()
        self.optimizer = torch.optim.Adam([*self.layer.parameters(), *self.readout.parameters()], lr=1e-4, fused=True)

    def __call__(self) -> Tensor:
        self.optimizer.zero_grad()
        loss = nn.functional.mse_loss(self.readout(self.layer(self.inputs)[0]), self.targets)
        loss.backward()
        self.optimizer.step()
        return loss.detach()


class Ours:
    """The updates of a Trainer one at a time, on the one batch."""

    def __init__(self, experiment: Experiment, every: int, log: type[TrainingLog] = TrainingLog):
        self.trainer = Trainer(experiment, every=every)
        self.trainer.log = log(experiment, tuple(self.trainer.weights.views), every)
        self.steps = self.trainer.steps()

    def __call__(self) -> None:
        next(self.steps)


class NoLog(TrainingLog):
    """Nothing is written down: what the optimisation alone costs."""

    def is_snapshot(self, update: int) -> bool:
        return False

    def write(self, update: int, values: object) -> None:
        pass


def rows() -> Iterator[Row]:
    for kind in KINDS:
        made = experiment(kind)
        batch = made.task.batch(Examples(0, made.batch_size))
        training.draw_batch = lambda e, u, batch=batch: batch
        try:
            yield from races(kind, made, batch)
        finally:
            training.draw_batch = draw_batch
        yield Row("    100 updates, the loss of both: largest relative difference", apart(kind, made), 1e-5)
        draws = race(partial(draw_batch, made), Ours(made, FRAMES), seconds=2)
        yield Row("    drawing a batch / an update", draws.ratio, note=draws.note)


def apart(kind: str, made: Experiment) -> float:
    """From the same weights and over the same batches, both with Adam; a matter of rounding."""
    ours = Ours(made, PATH)
    theirs = TorchLoop(made, draw_batch(made, 0), kind)
    weights = {name: value.clone() for name, value in ours.trainer.weights.views.items()}
    theirs.readout.load_state_dict({"weight": weights.pop("weight_hy"), "bias": weights.pop("bias_hy")})
    theirs.layer.load_state_dict(weights)
    losses = []
    for update in range(PATH):
        batch = draw_batch(made, update)
        theirs.inputs, theirs.targets = batch.inputs.float(), batch.targets.float()
        losses.append(float(theirs()))
        ours()
    path = torch.tensor(losses)
    found = torch.from_numpy(ours.trainer.log.rows["loss"][:PATH]).float()
    return float(((found - path) / path).abs().max())


def experiment(kind: str) -> Experiment:
    return Experiment(
        task=Noise(sequence_length=100, features=FEATURES), cell=KINDS[kind](hidden_size=64), batch_size=32,
        loss=LossAtEvery(), training=Training(updates=UPDATES, optimizer=Adam(learning_rate=1e-4)),
    )  # fmt: skip


def races(kind: str, made: Experiment, batch: Batch) -> Iterator[Row]:
    logged = race(
        many(TorchLoop(made, batch, kind), SPECTRA_APART), many(Ours(made, every=1), SPECTRA_APART), seconds=8
    )
    name = f"{kind} 64/32: nn layer + fused Adam, no log / rnnviz, every update drawn"
    yield Row(name, logged.ratio, GOALS[kind], larger_is_better=True, note=logged.note)
    frames = race(TorchLoop(made, batch, kind), Ours(made, FRAMES))
    yield Row("    nn layer + fused Adam, no log / rnnviz, one in fifty drawn", frames.ratio, note=frames.note)
    every = race(many(Ours(made, 1), SPECTRA_APART), many(Ours(made, FRAMES, NoLog), SPECTRA_APART), seconds=8)
    yield Row("    every update drawn / no log at all", every.ratio, 1.3, note=every.note)
    seldom = race(many(Ours(made, FRAMES), FRAMES), many(Ours(made, FRAMES, NoLog), FRAMES), seconds=20)
    yield Row("    one update in fifty drawn / no log at all", seldom.ratio, 1.05, note=seldom.note)
    trainer = Ours(made, FRAMES).trainer
    passed = training.Pass(made, trainer.weights.views, batch)
    eigenvalues = race(partial(spectra, passed), Ours(made, FRAMES, NoLog), seconds=2)
    yield Row("    ρ and σ₁ of W_hh / an update without log", eigenvalues.ratio, note=eigenvalues.note)


def many(update: Work, count: int) -> Work:
    """As many updates as lie between two that cost more."""
    return lambda: [update() for _ in range(count)]
