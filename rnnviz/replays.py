"""Published results, in small: which networks are trained side by side, and which of them learn according to the paper.

What a paper says and what to look for is in the texts, under `replay.<name>`. A seed has learnt when its loss, over the
last tenth of its updates, is below half of what knowing nothing scores.
"""

from __future__ import annotations

from abc import ABC
from collections.abc import Mapping
from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from rnnviz.cells import GRU, LSTM, ForgetBias
from rnnviz.choice import Choice, Range, Word
from rnnviz.clipping import ByNorm
from rnnviz.comparing import AnyComparison, Cells, side_by_side
from rnnviz.experiment import Experiment, Study
from rnnviz.initializers import PyTorchDefault
from rnnviz.optimizers import Adam
from rnnviz.tasks import Adding
from rnnviz.training import Training

# Two numbers, 30 steps apart at most: PyTorch's own start, with the forget bias that everybody sets. The vanilla network
# learns nothing in 800 updates, the gated ones do, and nine of these trainings take about half a minute on two cores.
EXPERIMENT = Experiment(
    task=Adding(sequence_length=30),
    cell=LSTM(forget_bias=ForgetBias(value=1.0)),
    initializer=PyTorchDefault(),
    batch_size=32,
    training=Training(updates=800, optimizer=Adam(learning_rate=0.02), clipping=ByNorm(threshold=1.0)),
)


class Contest(Choice, ABC):
    """One base experiment, what is compared in it, and over how many seeds.

    The base carries the LSTM, because it has everything the cells share and the forget bias besides.
    """

    experiment: Experiment = EXPERIMENT
    compared: AnyComparison = Cells()
    size: Literal["width", "parameters"] = "width"
    update_bias: Annotated[float, Range(-6.0, 10.0, step=0.1)] = 1.0
    seeds: Annotated[int, Range(1, 10)] = 3

    def study(self) -> Study:
        base = self.experiment
        if not isinstance(base.cell, LSTM):  # a link may name another cell
            base = base.changed({"cell": "lstm"})
        if not isinstance(base.training, Training):
            base = base.changed({"training": "training"})
        own = {"gru": {"cell.update_bias": GRU(update_bias=self.update_bias).update_bias}}
        return side_by_side(base, self.compared, self.seeds, equal_parameters=self.size == "parameters", own=own)


class Replay(Contest):
    """A published result as it is trained here."""

    kind: Literal["replay"] = Field("replay", repr=False)


class Published(NamedTuple):
    """words: what differs from where a Contest starts.   learn, fail: arms of which most seeds do, or do not, learn."""

    words: Mapping[str, Word]
    learn: tuple[str, ...]
    fail: tuple[str, ...] = ()

    def holds(self, learnt: Mapping[str, int], seeds: int) -> bool:
        """Whether it is so: `learnt` are the seeds that have learnt, by arm."""
        return all(2 * learnt[arm] > seeds for arm in self.learn) and all(2 * learnt[arm] < seeds for arm in self.fail)


REPLAYS: dict[str, Published] = {
    # Pascanu, Mikolov & Bengio (2013), section 4.1: temporal order by plain SGD, with and without clipping by norm.
    "clipping": Published(
        {
            "experiment.task": "temporal_order",
            "experiment.task.sequence_length": 20,
            "compared": "clippings",
            "experiment.initializer": "orthogonal",
            "experiment.initializer.scale": "gain",
            "experiment.initializer.scale.gain": 1.2,
            "experiment.training.optimizer": "sgd",
            "experiment.training.optimizer.learning_rate": 0.5,
            "experiment.training.clipping.threshold": 0.5,
        },
        learn=("norm",),
        fail=("none",),
    ),
    # Hochreiter & Schmidhuber (1997), experiment 4: the adding problem, first short, then longer.
    "adding_10": Published({"experiment.task.sequence_length": 10}, learn=("elman", "lstm", "gru")),
    "adding_40": Published(
        {"experiment.task.sequence_length": 40, "experiment.training.updates": 1000},
        learn=("lstm", "gru"),
        fail=("elman",),
    ),
    # Le, Jaitly & Hinton (2015), section 4.1: the adding problem. They looked for the best learning rate of each network;
    # this one suits the IRNN, which needs a small one, and the LSTM, which 0.002 leaves where it was after 800 updates.
    "irnn": Published(
        {
            "experiment.task.sequence_length": 50,
            "compared": "identity_start",
            "experiment.training.optimizer.learning_rate": 0.01,
            "experiment.training.updates": 1200,
        },
        learn=("irnn", "lstm"),
        fail=("tanh",),
    ),
    # Gers, Schmidhuber & Cummins (2000); Jozefowicz, Zaremba & Sutskever (2015). Temporal order holds an answer over a lag
    # with nothing else to go by; the adding problem over 80 steps is learnt with bias 0 as well, 3 of 3 seeds.
    "forget_bias": Published(
        {
            "experiment.task": "temporal_order",
            "experiment.task.sequence_length": 30,
            "compared": "forget_biases",
            "experiment.training.optimizer.learning_rate": 0.01,
            "seeds": 5,
        },
        learn=("bias-1", "bias-5"),
        fail=("bias-0",),
    ),
}


def replay(name: str) -> Replay:
    return Replay().changed(REPLAYS[name].words)
