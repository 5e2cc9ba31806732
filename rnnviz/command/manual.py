"""What can be chosen, said from the declarations: the end of every --help, and `rnnviz list`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import get_args

from rnnviz.activations import ActivationName
from rnnviz.cells import CELLS
from rnnviz.choice import Choice, Parameter, Range, default
from rnnviz.experiment import Experiment
from rnnviz.export import FORMATS
from rnnviz.figures import FIGURES
from rnnviz.figures.demonstrations import DEMONSTRATION_FIGURES
from rnnviz.initializers import INITIALIZERS
from rnnviz.optimizers import OPTIMIZERS
from rnnviz.replays import REPLAYS
from rnnviz.tasks import TASKS, Task
from rnnviz.tasks.facts import facts
from rnnviz.text import Text

Line = tuple[str, str]  # a word, and what is said of it


def experiment_words(text: Text) -> str:
    return table(list(parameters(Experiment, "", text)))


def figure_words(text: Text) -> str:
    return table(list(merged(dict.fromkeys(line for figure in FIGURES for line in parameters(figure, "view.", text)))))


def parameters(kind: type[Choice], prefix: str, text: Text) -> Iterator[Line]:
    """One line for every parameter of a choice and of all that can be chosen in it, each path once."""
    said: dict[Line, None] = {}
    for parameter in kind.parameters_declared():
        path = prefix + parameter.name
        said[f"{path}=", values(parameter, text)] = None
        for option in parameter.options.values():
            said |= dict.fromkeys(parameters(option, f"{path}.", text))
    yield from merged(said)


def merged(lines: Iterable[Line]) -> Iterator[Line]:
    """A parameter that kinds share with the same range stands once; where ranges differ, each is said."""
    by_path: dict[str, list[str]] = {}
    for path, said in lines:
        by_path.setdefault(path, []).append(said)
    yield from ((path, " / ".join(dict.fromkeys(said))) for path, said in by_path.items())


def values(parameter: Parameter, text: Text) -> str:
    """The range with its unit, or the words, then the default."""
    domain, start = parameter.domain, parameter.default
    if isinstance(domain, Range):
        allowed = text("command.range", low=f"{domain.low:.10g}", high=f"{domain.high:.10g}")
        allowed += f" {unit(domain.unit, text)}" if domain.unit else ""
    else:
        allowed = " | ".join(getattr(domain, "words", ())) or getattr(domain, "form", "")
    start = start.kind if isinstance(start, Choice) else str(start).lower() if isinstance(start, bool) else start
    has_start = isinstance(start, str | int | float)  # an upload has none
    return allowed + (f", {text('command.default', value=start)}" if has_start else "")


def unit(name: str, text: Text) -> str:
    key = f"unit.{name.replace(' ', '_')}"
    return text(key) if key in text else name


def table(lines: list[Line]) -> str:
    width = max((len(word) for word, _ in lines), default=0)
    return "\n".join(f"  {word:<{width}}  {said}".rstrip() for word, said in lines)


# — `rnnviz list` —


def options(name: str, listed: Iterable[type[Choice]]) -> Callable[[Text], str]:
    def said(text: Text) -> str:
        parts = []
        for option in listed:
            kind = option.model_fields["kind"].default
            lead = f"{name}={kind}  {text(f'option.{name}.{kind}.label')}. {text(f'option.{name}.{kind}.help')}"
            parts.append(
                "\n".join(filter(None, (lead, about(option, text), table(list(parameters(option, f"{name}.", text))))))
            )
        return "\n".join(parts)

    return said


def about(option: type[Choice], text: Text) -> str:
    """Of a task: how answers stand to inputs, the lag that it needs as it starts, and what knowing nothing scores."""
    task = default(option)
    if not isinstance(task, Task):
        return ""
    return "  " + facts(task, text)


def activations(text: Text) -> str:
    names = get_args(ActivationName)
    return table([(f"cell.activation={name}", text(f"option.activation.{name}.label")) for name in names])


def figures(text: Text) -> str:
    kinds = {default(figure).kind: figure for figure in FIGURES}
    parts = [
        f"{kind}  {text(f'figure.{kind}.label')}\n{table(list(parameters(figure, 'view.', text)))}"
        for kind, figure in kinds.items()
    ]
    for drawn in map(default, DEMONSTRATION_FIGURES):
        parts.append(
            f"{drawn.kind}  {text(f'figure.{drawn.kind}.label')}\n{table(list(parameters(drawn.draws, '', text)))}"
        )
    return "\n".join(parts)


def formats(text: Text) -> str:
    return table([(f".{one.name}", one.media_type) for one in FORMATS])


def replays(text: Text) -> str:
    said = [(name, f"{text(f'replay.{name}.label')}. {text(f'replay.{name}.what')}") for name in REPLAYS]
    return table(said)


TOPICS: Mapping[str, Callable[[Text], str]] = {
    "cells": options("cell", CELLS),
    "figures": figures,
    "tasks": options("task", TASKS),
    "initializers": options("initializer", INITIALIZERS),
    "activations": activations,
    "optimizers": options("optimizer", OPTIMIZERS),
    "formats": formats,
    "replays": replays,
    "words": experiment_words,
}
