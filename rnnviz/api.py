"""The functions of a notebook: `run` and `train` one experiment, `sweep` many, `draw` a figure.

The page and the command line go the same way.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rnnviz.choice import Choice
from rnnviz.demonstrations import Demonstrated, Demonstration
from rnnviz.diagnostics import DIAGNOSTICS
from rnnviz.diagnostics.diagnose import diagnose_each, results
from rnnviz.diagnostics.training_result import of_trace
from rnnviz.engine import run, train
from rnnviz.engine.passes import Tick, nothing
from rnnviz.experiment import Experiment, Study
from rnnviz.figures import FIGURES, GradientFlow, Look, Result, Results, as_plotly
from rnnviz.figures.cursor import with_cursor
from rnnviz.figures.demonstrations import DEMONSTRATION_FIGURES, DemonstrationFigure
from rnnviz.figures.training import TRAINING_FIGURES
from rnnviz.quantities import TRAINING_QUANTITIES
from rnnviz.sweeps import sweep
from rnnviz.text import Text
from rnnviz.trace import Trace

if TYPE_CHECKING:
    from rnnviz.figures import AnyFigure, PlotlyFigure
    from rnnviz.figures.training import AnyTrainingFigure

__all__ = ["draw", "results_of", "run", "sweep", "train"]

Subject = Trace | Experiment | Study | Results


def draw(
    figure: AnyFigure | AnyTrainingFigure | DemonstrationFigure | str,
    subject: Subject | Demonstration | Demonstrated,
    *,
    language: str = "en",
    dark: bool = False,
    example: int = 0,
    time: int | None = None,
    pinned: Subject | None = None,
) -> PlotlyFigure:
    """A figure of a trace, an experiment, a study, results of `results_of` or a demonstration, as plotly shows it.

    `figure` is a figure with its options, or the name of one: draw("gradient_flow", run(Experiment())).
    `example` is the one of which Jacobians and units are shown; `time` is marked by a line in figures over time or lag;
    `pinned` stands behind the curves as thin shadows.
    Raises ValueError for an unknown name or language and for a figure without shadows, MissingQuantity if the trace
    lacks what the figure needs.
    """
    chosen = figure_named(figure) if isinstance(figure, str) else figure
    text, look = Text(language), Look(dark)
    if isinstance(chosen, DemonstrationFigure):
        return as_plotly(chosen(demonstrated(chosen, subject), text, look))
    if isinstance(subject, Demonstration | Demonstrated):
        raise ValueError(f"{chosen.kind} is no figure of a demonstration")
    results = results_of(subject, chosen.needs, example=example)
    if pinned is None:
        drawn = chosen(results, text, look)
    elif isinstance(chosen, GradientFlow):
        drawn = chosen(results, text, look, results_of(pinned, chosen.needs, example=example))
    else:
        raise ValueError(f"pinned curves stand in a gradient_flow only; got {chosen.kind}")
    return as_plotly(drawn if time is None else with_cursor(drawn, results, time, text, look))


def demonstrated(figure: DemonstrationFigure, subject: Subject | Demonstration | Demonstrated) -> Demonstrated:
    shown = subject.shown() if isinstance(subject, Demonstration) else subject
    if not isinstance(shown, Demonstrated) or not isinstance(shown.demonstration, figure.draws):
        raise ValueError(f"{figure.kind} is a figure of {figure.draws.__name__}")
    return shown


def figure_named(name: str) -> AnyFigure | AnyTrainingFigure | DemonstrationFigure:
    listed: tuple[type[Choice], ...] = (*FIGURES, *TRAINING_FIGURES, *DEMONSTRATION_FIGURES)
    known: dict[str, Any] = {figure.model_fields["kind"].default: figure for figure in listed}
    if name not in known:
        raise ValueError(f"figure must be one of {', '.join(known)}; got {name!r}")
    return known[name]()


def results_of(subject: Subject, names: tuple[str, ...], tick: Tick = nothing, *, example: int = 0) -> Results:
    """What a figure draws of a subject: results_of(study, figure.needs). Results stay what they are.

    A figure of trainings has every experiment trained. `tick(progress)` is called on the way, over all of them together.
    """
    if isinstance(subject, Mapping):
        return subject
    of_training = all(name in TRAINING_QUANTITIES for name in names)
    needs = () if of_training else [DIAGNOSTICS[name] for name in names]
    if isinstance(subject, Trace):
        return {"trace": Result(subject.experiment, of_trace(subject) if of_training else results(subject, needs))}
    experiments = subject.experiments() if isinstance(subject, Study) else {"experiment": subject}
    if not of_training:
        measured = dict(diagnose_each(experiments, needs, example=example, tick=tick))
        return {name: Result(experiment, measured[name]) for name, experiment in experiments.items()}
    found: dict[str, Result] = {}
    for name, experiment in experiments.items():
        done = len(found)
        part = lambda progress, done=done: tick((done + progress) / len(experiments))  # noqa: E731
        found[name] = Result(experiment, of_trace(train(experiment, tick=part)))
    return found
