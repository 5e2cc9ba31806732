"""The functions of a notebook: `run`, `train`, `draw`. The page and the command line go the same way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnnviz.diagnostics import DIAGNOSTICS
from rnnviz.diagnostics.diagnose import diagnose, results
from rnnviz.engine import run, train
from rnnviz.engine.passes import Tick, nothing
from rnnviz.experiment import Experiment, Study
from rnnviz.figures import FIGURES, Look, Result, Results, as_plotly
from rnnviz.text import Text
from rnnviz.trace import Trace

if TYPE_CHECKING:
    from rnnviz.figures import AnyFigure, PlotlyFigure

__all__ = ["draw", "run", "train"]


def draw(
    figure: AnyFigure | str, subject: Trace | Experiment | Study, *, language: str = "en", dark: bool = False
) -> PlotlyFigure:
    """A figure of a trace, an experiment or a study, as plotly shows it in a notebook.

    `figure` is a figure with its options, or the name of one: draw("gradient_flow", run(Experiment())).
    Raises ValueError for an unknown name or language, MissingQuantity if the trace lacks what the figure needs.
    """
    chosen = figure_named(figure) if isinstance(figure, str) else figure
    drawn = chosen(results_of(subject, chosen.needs), Text(language), Look(dark))
    return as_plotly(drawn)


def figure_named(name: str) -> AnyFigure:
    known = {figure.model_fields["kind"].default: figure for figure in FIGURES}
    if name not in known:
        raise ValueError(f"figure must be one of {', '.join(known)}; got {name!r}")
    return known[name]()


def results_of(subject: Trace | Experiment | Study, names: tuple[str, ...], tick: Tick = nothing) -> Results:
    """What a figure draws of a subject; `tick(progress)` is called on the way, over all its experiments together."""
    needs = [DIAGNOSTICS[name] for name in names]
    if isinstance(subject, Trace):
        return {"trace": Result(subject.experiment, results(subject, needs))}
    experiments = subject.experiments() if isinstance(subject, Study) else {"experiment": subject}
    found: dict[str, Result] = {}
    for name, experiment in experiments.items():
        done = len(found)
        part = lambda progress, done=done: tick((done + progress) / len(experiments))  # noqa: E731
        found[name] = Result(experiment, diagnose(experiment, needs, tick=part))
    return found
