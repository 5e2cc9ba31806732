"""The description of one experiment, and of a study: everything that decides a trace, and nothing else."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Annotated, Literal, NamedTuple

import torch
from pydantic import Field, PrivateAttr, SkipValidation
from torch import Tensor

from rnnviz.activations import ActivationName
from rnnviz.cells import CELLS, AnyCell, Elman
from rnnviz.choice import (
    AddedLater,
    Choice,
    Flat,
    InvalidParameter,
    Known,
    OneOf,
    Pattern,
    Range,
    TupleOf,
    Word,
    is_number,
    key_of,
)
from rnnviz.initializers import AnyInitializer, Gain, Orthogonal
from rnnviz.tasks import Adding, AnyTask
from rnnviz.training import AnyTraining, NoTraining


class Score(NamedTuple):
    """A loss, and the share of right classes; None where answers are numbers."""

    loss: float
    accuracy: float | None


class LossAtLast(Choice):
    """ℓ is judged once, on the answer after the last step."""

    kind: Literal["last"] = Field("last", repr=False)

    def steps(self, length: int) -> range:
        return range(length, length + 1)


class LossAtStep(Choice):
    """ℓ is judged once, after the chosen step; a later step than the last means the last."""

    kind: Literal["step"] = Field("step", repr=False)
    step: Annotated[int, Range(1, 10_000, symbol="<i>t</i><sub>ℓ</sub>", unit="time steps", log=True)] = 50

    def steps(self, length: int) -> range:
        step = min(self.step, length)
        return range(step, step + 1)


class LossAtEvery(Choice):
    """ℓ is the mean of the losses after every step."""

    kind: Literal["every"] = Field("every", repr=False)

    def steps(self, length: int) -> range:
        return range(1, length + 1)


class Experiment(Choice):
    """One network on one task. Equal experiments have equal keys, and a key names one result."""

    kind: Literal["experiment"] = Field("experiment", repr=False)
    task: AnyTask = Adding()
    loss: Annotated[LossAtLast | LossAtStep | LossAtEvery, Field(discriminator="kind")] = LossAtLast()
    cell: AnyCell = Elman()
    initializer: AnyInitializer = Orthogonal(scale=Gain())
    batch_size: Annotated[int, Range(1, 256, symbol="N", unit="examples", log=True)] = 16
    seed: Annotated[int, Range(0, 2**31 - 1)] = 0
    dtype: Literal["float32", "float64"] = "float32"
    training: Annotated[AnyTraining, AddedLater()] = NoTraining()

    def baseline(self) -> Score:
        """What a model that has learnt nothing scores: the task's baseline, in the mean over what is judged."""
        task, known = self.task, self.task.baseline()

        def judged(of_step: Tensor) -> float:
            sums = torch.cat([of_step.new_zeros(1), of_step.cumsum(0)])
            steps = [self.loss.steps(end) for end in task.ends]
            means = [(sums[each.stop - 1] - sums[each.start - 1]) / len(each) for each in steps]
            return float(torch.stack(means).mean())

        return Score(judged(known.loss), None if known.accuracy is None else judged(known.accuracy))


VARIATION_NAME = Pattern(r"^[a-z0-9_\-]{1,40}$")


class Variation(Choice):
    """A name and what it changes in the base experiment.

    Which values are good depends on the base, so the study checks them, and says where a wrong one stands.
    """

    kind: Literal["variation"] = Field("variation", repr=False)
    name: Annotated[str, VARIATION_NAME]
    changes: Annotated[tuple[tuple[str, Annotated[Word, SkipValidation]], ...], TupleOf("(path, value)")] = ()

    def of(self, base: Experiment) -> tuple[Variation, Experiment]:
        """The same with every value as the base's choices hold it ("2", 2 and 2.0 are one forget bias), and what it makes.

        Raises InvalidParameter, under the name of the variation.
        """
        changes = dict(self.changes)
        try:
            made = base.changed(changes)
        except InvalidParameter as error:
            raise error.within(self.name) from None
        words = made.flat()
        typed = tuple((path, held(words, path, given)) for path, given in changes.items())
        return Variation(name=self.name, changes=typed), made


def held(words: Flat, path: str, given: Word) -> Word:
    """The value under a path; of a bare number for a choice (`forget_bias=2`) the number, not the kind."""
    return words[path] if words[path] == given or not is_number(str(given)) else words.get(f"{path}.value", words[path])


class Study(Choice):
    """A base experiment and named variations of it: one question, one job, one link.

    Raises InvalidParameter with the path `name/path` for a change that the base does not allow.
    """

    kind: Literal["study"] = Field("study", repr=False)
    base: Experiment = Experiment()
    variations: Annotated[tuple[Variation, ...], TupleOf("Variation")] = ()
    _experiments: dict[str, Experiment] = PrivateAttr(default_factory=dict)

    @classmethod
    def of(cls, base: Experiment, variations: Mapping[str, Mapping[str, Word]]) -> Study:
        return cls(
            base=base,
            variations=tuple(Variation(name=name, changes=tuple(what.items())) for name, what in variations.items()),
        )

    def model_post_init(self, context: object) -> None:
        counts = Counter(variation.name for variation in self.variations)
        twice = next((name for name, count in counts.items() if count > 1), None)
        if twice is not None:
            raise InvalidParameter(f"variations.{twice}", "a second one of this name", Known(()))
        # A choice is frozen once it is made; this is still its making.
        made = [variation.of(self.base) for variation in self.variations]
        object.__setattr__(self, "variations", tuple(variation for variation, _ in made))
        self._experiments = {variation.name: experiment for variation, experiment in made}

    def experiments(self) -> dict[str, Experiment]:
        """The experiments by name, in order; a study without variations is its base alone."""
        return dict(self._experiments) or {"base": self.base}

    def flat(self) -> Flat:
        """The base's words, and `name/path` for what a variation changes."""
        return self.base.flat() | {
            f"{variation.name}/{path}": word
            for variation in self.variations
            for path, word in variation.changes or (("", True),)  # a variation that changes nothing is still there
        }

    @classmethod
    def from_flat(cls, flat: Mapping[str, Word]) -> Study:
        base = Experiment.from_flat({path: word for path, word in flat.items() if "/" not in path})
        variations: dict[str, dict[str, Word]] = {}
        for path, word in flat.items():
            if "/" in path:
                name, _, inner = path.partition("/")
                variations.setdefault(name, {}).update({inner: word} if inner else {})
        return cls.of(base, variations)

    @property
    def key(self) -> str:
        return key_of([[name, experiment.identity()] for name, experiment in self.experiments().items()])


def together(experiments: Mapping[str, Experiment]) -> Study:
    """Any experiments as one study: variations of the first of them, each by the words in which it differs."""
    base = next(iter(experiments.values()))
    own = base.flat()
    different = {
        name: {path: word for path, word in one.flat().items() if own.get(path) != word}
        for name, one in experiments.items()
    }
    return Study.of(base, different)


def comparison(
    base: Experiment,
    activations: Iterable[ActivationName] = ("sigmoid", "tanh", "relu"),
    changes: Mapping[str, Mapping[str, Word]] | None = None,
) -> Study:
    """Every cell × the given activations, all else equal: the study of the Gradient flow page.

    `changes` holds what belongs to one cell only, such as {"lstm": {"cell.forget_bias.value": 1.0}}.
    """
    kinds = [cell.model_fields["kind"].default for cell in CELLS]
    return Study.of(
        base,
        {
            f"{kind}-{activation}": {"cell": kind, "cell.activation": activation, **(changes or {}).get(kind, {})}
            for kind in kinds
            for activation in activations
        },
    )


def grid(base: Experiment, values: Mapping[str, Iterable[Word]]) -> list[Experiment]:
    """Every combination of the given values in `base`, the last path varying fastest: what `sweep` runs.

        grid(Experiment(), {"cell": ["elman", "lstm"], "initializer.scale.gain": [0.9, 1.0, 1.1]})

    Where a kind changes, parameters that both kinds have are carried over. Raises InvalidParameter.
    """
    columns = [list(column) for column in values.values()]
    return [base.changed(dict(zip(values, row, strict=True))) for row in itertools.product(*columns)]


__all__ = [
    "Experiment", "InvalidParameter", "LossAtEvery", "LossAtLast", "LossAtStep", "OneOf", "Score", "Study", "Variation",
    "comparison", "grid", "together",
]  # fmt: skip
