"""Python: the lines that compute the study and draw the figure again."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from typing import NamedTuple

from rnnviz.choice import Choice
from rnnviz.experiment import Study
from rnnviz.export.format import Format
from rnnviz.export.picture import DemonstrationPicture, Picture

LONGEST = 100  # characters of a line
FROM_RNNVIZ = ("Experiment", "Study", "draw", "results_of")


class Lines(NamedTuple):
    """The same lines in three parts, which are the cells of a notebook."""

    study: str
    reading: str
    figure: str


def lines(picture: Picture | DemonstrationPicture) -> Lines:
    return lines_of_demonstration(picture) if isinstance(picture, DemonstrationPicture) else lines_of_study(picture)


def lines_of_demonstration(picture: DemonstrationPicture) -> Lines:
    record, demonstration = picture.provenance, picture.shown.demonstration
    dark = ", dark=True" if picture.look.dark else ""
    study = [
        f"# rnnviz {record['version']}, key {record['key']}",
        "from rnnviz import draw",
        *imports_of((demonstration, picture.view)),
        "",
        f"demonstration = {code(demonstration)}",
        f"print(demonstration.key)  # {record['key']}",
    ]
    reading = [
        f"view = {code(picture.view)}",
        "shown = demonstration.shown()",
        f'print(view.reading(shown, Text("{picture.language}")))',
    ]
    figure = f'figure = draw(view, shown, language="{picture.language}"{dark})'
    return Lines("\n".join(study), "\n".join(reading), figure)


def lines_of_study(picture: Picture) -> Lines:
    """Everything is written out, defaults too: the lines mean the same where a later version begins otherwise."""
    record, pinned = picture.provenance, picture.pinned
    example = f", example={picture.example}" if picture.example else ""
    look = f', language="{picture.language}"' + (", dark=True" if picture.look.dark else "")
    cursor = "" if picture.time is None else f", time={picture.time}"
    behind = f", pinned=pinned{example}" if pinned else ""
    study = [
        f"# rnnviz {record['version']}, key {record['key']}",
        *comments(picture),
        *imports(picture),
        "",
        *study_lines("study", picture.study),
        *(study_lines("pinned", pinned.study) if pinned else ()),
        f"print(study.key)  # {record['key']}",
    ]
    reading = [
        f"view = {code(picture.view)}",
        f"results = results_of(study, view.needs{example})",
        f'print(view.reading(results, Text("{picture.language}")))',
    ]
    return Lines("\n".join(study), "\n".join(reading), f"figure = draw(view, results{look}{cursor}{behind})")


def study_lines(name: str, study: Study) -> Iterator[str]:
    base = f"{name}_base"
    yield f"{base} = {code(study.base)}"
    if study.variations:
        changes = {variation.name: dict(variation.changes) for variation in study.variations}
        yield f"{name} = Study.of({base}, {code(changes)})"
    else:
        yield f"{name} = Study(base={base})"


def comments(picture: Picture) -> Iterator[str]:
    """What the lines need besides rnnviz: uploads are kept under a hash, on the machine that was given them."""
    tasks = {one.task for study in studies(picture) for one in study.experiments().values()}
    for sha256 in sorted({str(task.flat()["sha256"]) for task in tasks if "sha256" in task.flat()}):
        yield f"# {picture.text('taking.upload', sha256=sha256)}"
        yield '# from pathlib import Path; from rnnviz import content; content.put(Path("…").read_bytes())'


def studies(picture: Picture) -> list[Study]:
    return [picture.study, *([picture.pinned.study] if picture.pinned else [])]


def imports(picture: Picture) -> Iterator[str]:
    yield f"from rnnviz import {', '.join(FROM_RNNVIZ)}"
    yield from imports_of((picture.view, *(study.base for study in studies(picture))))


def imports_of(choices: Iterable[Choice]) -> Iterator[str]:
    names: dict[str, set[str]] = defaultdict(set)
    for choice in choices:
        for kind in kinds(choice):
            if kind.__name__ not in FROM_RNNVIZ:
                names[home(kind)].add(kind.__name__)
    yield from (f"from {module} import {', '.join(sorted(names[module]))}" for module in sorted(names))
    yield "from rnnviz.text import Text"


def kinds(choice: Choice) -> Iterator[type[Choice]]:
    """The classes of a choice and of all choices in it."""
    yield type(choice)
    for _, value in choice:
        if isinstance(value, Choice):
            yield from kinds(value)


def home(kind: type) -> str:
    """Where one would import it from: the package that hands it on, else its own file."""
    package = ".".join(kind.__module__.split(".")[:2])
    return package if getattr(import_module(package), kind.__name__, None) is kind else kind.__module__


def code(value: object, indent: int = 0) -> str:
    """A choice, a mapping or a plain value as Python, folded where a line would grow too long."""
    match value:
        case Choice():
            names = [parameter.name for parameter in value.parameters_declared()]
            return folded(f"{type(value).__name__}(", {f"{name}=": getattr(value, name) for name in names}, ")", indent)
        case Mapping():
            return folded("{", {f"{code(name)}: ": inner for name, inner in value.items()}, "}", indent)
        case str():
            return json.dumps(value, ensure_ascii=False)
    return repr(value)


def folded(head: str, parts: Mapping[str, object], tail: str, indent: int) -> str:
    flat = head + ", ".join(name + code(value) for name, value in parts.items()) + tail
    if "\n" not in flat and indent + len(flat) <= LONGEST:
        return flat
    pad = " " * (indent + 4)
    inner = "".join(f"{pad}{name}{code(value, indent + 4)},\n" for name, value in parts.items())
    return f"{head}\n{inner}{' ' * indent}{tail}"


def script(picture: Picture | DemonstrationPicture) -> bytes:
    return ("\n".join(lines(picture)) + "\nfigure.show()\n").encode()


PYTHON = Format("py", "text/x-python", (Picture, DemonstrationPicture), script)
