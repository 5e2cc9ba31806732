"""From the words of a command to what they mean. Every wrong word is an InvalidParameter."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from rnnviz.cells import CELLS
from rnnviz.choice import Choice, Flat, InvalidParameter, OneOf, Range, Word, default
from rnnviz.demonstrations import Demonstration
from rnnviz.experiment import Experiment, Study, comparison, grid
from rnnviz.export import FORMATS, Format, Picture, formats_of
from rnnviz.figures import FIGURES, AnyFigure, PhaseDiagram
from rnnviz.figures.demonstrations import DEMONSTRATION_FIGURES, DemonstrationFigure

Named = TypeVar("Named")

COMPARE, VIEW = "compare", "view."
DEMONSTRATED = {figure.model_fields["kind"].default: figure for figure in DEMONSTRATION_FIGURES}


class Wish(NamedTuple):
    """What `draw` was asked for."""

    view: AnyFigure
    study: Study


def wish(figure: str, words: Iterable[str], compare: bool) -> Wish:
    words = list(words)
    flat, alone = read(words)
    view, _ = view_and_rest(figure, words, FIGURES, "figure", *DEMONSTRATED)
    rest = {path: word for path, word in flat.items() if not path.startswith(VIEW)}
    if isinstance(view, PhaseDiagram):
        return Wish(view, view.study(rest))
    return Wish(view, compared(rest) if compare or COMPARE in alone else Study.from_flat(rest))


def view_and_rest(
    figure: str, words: Iterable[str], known: Iterable[type[Choice]], where: str, *besides: str
) -> tuple[Any, list[str]]:
    """A figure with the options that words beginning with `view.` give it, and the other words.

    `besides` are names that are good elsewhere.
    """
    chosen = one_of(where, figure, {one.model_fields["kind"].default: one for one in known}, *besides)
    given = [word for word in words if word.startswith(VIEW)]
    flat, _ = read(given, alone=())
    try:
        view = chosen.from_flat({path.removeprefix(VIEW): word for path, word in flat.items()})
    except InvalidParameter as error:
        raise error.under(VIEW.rstrip(".")) from None
    return view, [word for word in words if word not in given]


def demonstrated(figure: str, words: Iterable[str]) -> tuple[DemonstrationFigure, Demonstration]:
    """A figure of a demonstration as it starts, and the demonstration that the words mean."""
    flat, _ = read(words, alone=())
    view = default(DEMONSTRATED[figure])
    return view, view.draws.from_flat(flat)


def experiment(words: Iterable[str]) -> Experiment:
    flat, _ = read(words, alone=())
    return Experiment.from_flat(flat)


def experiments(words: Iterable[str]) -> list[Experiment]:
    """Every combination of the words that name several values: cell=elman,lstm initializer.scale.gain=0.9,1.0,1.1."""
    flat, _ = read(words, alone=())
    several = {path: str(word).split(",") for path, word in flat.items() if "," in str(word)}
    base = Experiment.from_flat({path: word for path, word in flat.items() if path not in several})
    return grid(base, several)


def read(words: Iterable[str], alone: tuple[str, ...] = (COMPARE,)) -> tuple[Flat, set[str]]:
    """key=value words, and those that stand alone."""
    flat: Flat = {}
    found = set()
    for word in words:
        path, equals, value = word.partition("=")
        if equals and path:
            flat[path] = value
        elif word in alone:
            found.add(word)
        else:
            raise InvalidParameter("…", word, OneOf(("KEY=VALUE", *alone)))
    return flat, found


def compared(flat: Flat) -> Study:
    """Every cell × activation. `lstm/cell.forget_bias=2` holds for one cell alone."""
    kinds = [cell.model_fields["kind"].default for cell in CELLS]
    changes: dict[str, dict[str, Word]] = {}
    for path, word in flat.items():
        name, slash, inner = path.partition("/")
        if slash:
            one_of("…/", name, dict.fromkeys(kinds))
            changes.setdefault(name, {})[inner] = word
    base = Experiment.from_flat({path: word for path, word in flat.items() if "/" not in path})
    return comparison(base, changes=changes)


def format_of(path: Path, *subjects: type) -> Format:
    known = {name: one for subject in subjects for name, one in formats_of(subject, FORMATS).items()}
    return one_of("--out", path.suffix.removeprefix(".") or path.name, known)


def only(study: Study, chosen: Format) -> Experiment:
    """The one experiment of a study, for a format that can hold no more."""
    experiments = list(study.experiments().values())
    if len(experiments) > 1:
        raise InvalidParameter("--out", chosen.name, OneOf(tuple(formats_of(Picture, FORMATS))))
    return experiments[0]


def example_of(study: Study, asked: int) -> int:
    """Counted from 0; on the command line from 1, as in the figures."""
    most = min(one.batch_size for one in study.experiments().values())
    if not 1 <= asked <= most:
        raise InvalidParameter("--example", asked, Range(1, most))
    return asked - 1


def one_of(path: str, word: str, known: dict[str, Named], *others: str) -> Named:
    """`others` are words that are good elsewhere."""
    if word not in known:
        raise InvalidParameter(path, word, OneOf((*known, *others)))
    return known[word]
