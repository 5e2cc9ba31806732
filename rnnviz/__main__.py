"""The command line: `python -m rnnviz draw gradient_flow cell=lstm cell.forget_bias=2 --out flow.pdf`.

stdout is for results, stderr for progress and complaints. Exit codes: 0 done, 2 wrong words, 3 the file could not be made
or kept, or nobody is there to compute it. A network that overflows is a result like any other and ends with 0: exploding
is what this program is about. `verify` ends with 1 if two routes to the same numbers do not agree.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import typer

from rnnviz.api import results_of
from rnnviz.choice import InvalidParameter, Known, default
from rnnviz.command import manual, run_commands, runs
from rnnviz.command.progress import Progress
from rnnviz.command.replaying import run_replay
from rnnviz.command.sweeping import PICTURES, draw_saved, run_sweep
from rnnviz.command.training import NotAccepted, ending, learnt
from rnnviz.command.verifying import run_verification
from rnnviz.command.words import DEMONSTRATED, demonstrated, example_of, experiment, format_of, one_of, only, wish
from rnnviz.diagnostics import DIAGNOSTICS
from rnnviz.engine import Trainer
from rnnviz.engine import run as run_experiment
from rnnviz.engine.budget import check_budget
from rnnviz.engine.network import draw_parameters
from rnnviz.engine.run import EVERYTHING
from rnnviz.engine.weights import Network
from rnnviz.executors import PLACES, NoExecutor
from rnnviz.experiment import Experiment
from rnnviz.export import FORMATS, CannotExport, DemonstrationPicture, Format, Picture, check_ready, formats_of, write
from rnnviz.figures import AnyFigure, GradientFlow, Look, Results
from rnnviz.kept_sweeps import UnreadableSweep
from rnnviz.refusals import REFUSALS, in_words
from rnnviz.replays import REPLAYS
from rnnviz.store import UnusableStore
from rnnviz.text import LANGUAGES, Text
from rnnviz.trace import Trace
from rnnviz.training import Training

DISAGREES, WRONG_WORDS, NOT_WRITTEN = 1, 2, 3
MANY = 40  # networks whose ends are told one by one; a phase diagram has hundreds, and its sentence counts them


def main() -> None:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(
                errors="replace"
            )  # an old terminal without Hangul shows question marks, and no traceback
    application(Text(language_of(sys.argv[1:])))(prog_name="rnnviz")


def language_of(arguments: list[str]) -> str:
    """What --language says, before anything else is read: the help is in that language too."""
    joined = "\n".join(arguments).replace("--language\n", "--language=").splitlines()
    asked = [word.partition("=")[2] for word in joined if word.startswith("--language=")]
    return asked[-1] if asked and asked[-1] in LANGUAGES else "en"


def application(text: Text) -> typer.Typer:
    """The commands, with their help in one language."""
    app = typer.Typer(
        help=text("command.help"), add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None,
        no_args_is_help=True,
    )  # fmt: skip
    language_option = typer.Option("en", help=text("command.language", languages=", ".join(LANGUAGES)))
    words_argument = typer.Argument(None, metavar="KEY=VALUE", help=text("command.words"))
    experiment_argument = typer.Argument(None, metavar="KEY=VALUE", help=text("command.experiment_words"))
    figure_argument = typer.Argument(metavar="FIGURE", help=text("command.figure"))
    out_option = typer.Option(help=text("command.out", formats=", ".join(one.name for one in FORMATS)))
    kept = {**formats_of(Trace, FORMATS), **formats_of(Network, FORMATS)}
    trace_option = typer.Option(None, help=text("command.out", formats=", ".join(kept)))
    topic_argument = typer.Argument(metavar="TOPIC", help=text("command.topic", words=", ".join(manual.TOPICS)))
    sweep_argument = typer.Argument(None, metavar="KEY=VALUE,VALUE", help=text("sweep.words"))
    sweep_formats = ", ".join(("nc", *formats_of(Picture, FORMATS)))
    sweep_option = typer.Option(None, "--out", help=text("command.out", formats=sweep_formats))
    pictures = [default(one).kind for one in PICTURES]
    sweep_figure_option = typer.Option(pictures[0], "--figure", help=text("sweep.figure", names=", ".join(pictures)))
    saved_option = typer.Option(None, "--saved", help=text("sweep.saved"))
    needs_option = typer.Option("gradient_kept", help=text("sweep.needs", names=", ".join(DIAGNOSTICS)))
    on_option = typer.Option("serial", help=text("sweep.on", places=", ".join(PLACES)))
    scheduler_option = typer.Option("", help=text("sweep.scheduler"))
    replay_argument = typer.Argument(metavar="NAME", help=text("command.replay_name"))
    dark_option = typer.Option(False, "--dark", help=text("command.dark"))
    time_option = typer.Option(None, min=1, help=text("command.time"))
    example_option = typer.Option(1, min=1, help=text("command.example"))
    compare_option = typer.Option(False, "--compare", help=text("command.compare"))
    choices = f"\b\n{text('command.choices')}\n{manual.experiment_words(text)}"

    @app.command(help=text("command.draw"), epilog=f"{choices}\n{manual.figure_words(text)}")
    def draw(
        figure: str = figure_argument,
        words: list[str] = words_argument,
        out: Path = out_option,
        language: str = language_option,
        dark: bool = dark_option,
        compare: bool = compare_option,
        time: int = time_option,
        example: int = example_option,
    ) -> None:
        with answering(text, language):
            draw_picture(figure, words or [], out, compare, text, Look(dark), time, example)

    @app.command(help=text("verified.command"), epilog=f"{choices}\n{manual.figure_words(text)}")
    def verify(
        figure: str = figure_argument,
        words: list[str] = words_argument,
        language: str = language_option,
        compare: bool = compare_option,
        example: int = example_option,
    ) -> None:
        with answering(text, language):
            if not run_verification(figure, words or [], compare, example, text):
                raise typer.Exit(DISAGREES)

    @app.command(help=text("command.run"), epilog=choices)
    def run(words: list[str] = experiment_argument, out: Path = trace_option, language: str = language_option) -> None:
        with answering(text, language):
            run_trace(words or [], out, text)

    @app.command(help=text("sweep.help"), epilog=choices)
    def sweep(
        words: list[str] = sweep_argument,
        out: Path = sweep_option,
        needs: str = needs_option,
        on: str = on_option,
        scheduler: str = scheduler_option,
        figure: str = sweep_figure_option,
        saved: Path = saved_option,
        dark: bool = dark_option,
        language: str = language_option,
    ) -> None:
        with answering(text, language):
            if saved:
                draw_saved(saved, words or [], figure, out, text, Look(dark))
            else:
                run_sweep(words or [], needs, on, scheduler, figure, out, text, Look(dark))

    @app.command(help=text("command.replay", names=", ".join(REPLAYS)), epilog=choices)
    def replay(
        name: str = replay_argument, words: list[str] = experiment_argument, language: str = language_option
    ) -> None:
        with answering(text, language):
            run_replay(name, words or [], text)

    @app.command("list", help=text("command.list"))
    def show(topic: str = topic_argument, language: str = language_option) -> None:
        with answering(text, language):
            print(one_of("list", topic, dict(manual.TOPICS))(text))

    app.add_typer(run_commands.commands(text, partial(answering, text)), name="runs")
    return app


def draw_picture(
    figure: str, words: list[str], out: Path, compare: bool, text: Text, look: Look, time: int | None, example: int
) -> None:
    if figure in DEMONSTRATED:
        draw_demonstration(figure, words, out, text, look)
        return
    chosen = format_of(out, Picture, Trace)
    view, study = wish(figure, words, compare)
    at = example_of(study, example)
    if Picture not in chosen.takes:
        measure(only(study, chosen), view, out, chosen, text, at)
        return
    for one in study.experiments().values():
        check_budget(one)
    check_ready(out, chosen, text)
    with Progress(text) as tick:
        results = results_of(study, view.needs, tick, example=at)
    write(out, chosen.make(Picture(view, study, results, text, look, time=time)))
    say(study.key, results, view, text)
    print(text("command.written", path=out))


def draw_demonstration(figure: str, words: list[str], out: Path, text: Text, look: Look) -> None:
    chosen = format_of(out, DemonstrationPicture)
    view, demonstration = demonstrated(figure, words)
    check_ready(out, chosen, text)
    with Progress(text) as tick:
        picture = DemonstrationPicture(view, demonstration.shown(tick), text, look)
    write(out, chosen.make(picture))
    print(text("command.key", key=demonstration.key))
    print(picture.reading)
    print(text("command.written", path=out))


def run_trace(words: list[str], out: Path | None, text: Text) -> None:
    chosen = format_of(out, Trace, Network) if out else None
    measure(experiment(words), GradientFlow(), out, chosen, text)


def measure(
    subject: Experiment, view: AnyFigure, out: Path | None, chosen: Format | None, text: Text, example: int = 0
) -> None:
    """Run, keep the whole trace if there is a file for it, and say what the figure would show."""
    if out and chosen:
        check_ready(out, chosen, text)
    if isinstance(subject.training, Training):
        keep_training(subject, out, chosen, text)
        return
    needed = {name for need in view.needs for name in (*DIAGNOSTICS[need].reads, *DIAGNOSTICS[need].reads_if_there)}
    whole = chosen is not None and Trace in chosen.takes
    with Progress(text) as tick:
        trace = run_experiment(subject, record=EVERYTHING if whole else needed, example=example, tick=tick)
    if out and chosen:
        write(out, chosen.make(trace if whole else Network(subject, draw_parameters(subject))))
    say(subject.key, results_of(trace, view.needs), view, text)
    if out:
        print(text("command.written", path=out))


def keep_training(subject: Experiment, out: Path | None, chosen: Format | None, text: Text) -> None:
    """Train, and keep the log; what was done is kept if Ctrl-C ends it."""
    with Progress(text) as tick:
        trainer = Trainer(subject, tick=tick)
        with suppress(KeyboardInterrupt):
            for _ in trainer.steps():
                pass
    trace = trainer.trace()
    if out and chosen:
        write(out, chosen.make(trace if Trace in chosen.takes else Network(subject, trainer.parameters)))
    print(text("command.key", key=subject.key))
    print(text("command.ended", outcome=ending(trace.outcome, text)))
    print(learnt(subject, trace.data, text))
    if out:
        print(text("command.written", path=out))


def say(key: str, results: Results, view: AnyFigure, text: Text) -> None:
    """The key, how every network ended, and what is seen in the curves."""
    print(text("command.key", key=key))
    for name, (one, data) in results.items() if len(results) <= MANY else ():
        outcome = text(f"outcome.{data.attrs['outcome']}", time=data.attrs["overflow_time"], dtype=one.dtype)
        print(
            text("command.ended", outcome=outcome)
            if len(results) == 1
            else text("command.outcome", name=name, outcome=outcome)
        )
    print(view.reading(results, text).replace("**", ""))


@contextmanager
def answering(text: Text, language: str) -> Iterator[None]:
    """A mistake of the user's, or of the machine's, is said in a sentence and an exit code; a traceback is for ours.

    The language that was asked for is the first thing that may be a mistake.
    """
    try:
        one_of("--language", language, LANGUAGES)
        yield
    except REFUSALS as error:
        print(in_words(error, text), file=sys.stderr)
        if isinstance(error, InvalidParameter) and isinstance(error.domain, Known) and error.domain.names:
            print(text("command.known", names=", ".join(error.domain.names)), file=sys.stderr)
        raise typer.Exit(WRONG_WORDS) from None
    except runs.COMPLAINTS as error:
        print(runs.in_words(error, text), file=sys.stderr)
        raise typer.Exit(WRONG_WORDS) from None
    except UnreadableSweep as error:
        print(text(f"sweep.error.{error.reason}", **error.detail), file=sys.stderr)
        raise typer.Exit(WRONG_WORDS) from None
    except NoExecutor as error:
        print(text(f"sweep.error.{error.reason}", **error.detail), file=sys.stderr)
        raise typer.Exit(NOT_WRITTEN) from None
    except UnusableStore as error:
        print(text(f"runs.error.{error.reason}", **error.detail), file=sys.stderr)
        raise typer.Exit(NOT_WRITTEN) from None
    except NotAccepted:
        print(text("runs.error.not_accepted"), file=sys.stderr)
        raise typer.Exit(NOT_WRITTEN) from None
    except CannotExport as error:
        print(text(f"export.error.{error.reason}", **error.detail), file=sys.stderr)
        raise typer.Exit(NOT_WRITTEN) from None


if __name__ == "__main__":
    main()
