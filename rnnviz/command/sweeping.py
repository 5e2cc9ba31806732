"""`rnnviz sweep`: from words, or from a kept sweep, to many runs: a table, a file, a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import xarray as xr

from rnnviz.choice import InvalidParameter, OneOf, Pattern
from rnnviz.command.netcdf import check_netcdf
from rnnviz.command.progress import Progress
from rnnviz.command.words import VIEW, experiments, one_of, view_and_rest
from rnnviz.diagnostics import DIAGNOSTICS
from rnnviz.executors import PLACES, Where, executor_on
from rnnviz.experiment import Experiment, together
from rnnviz.export import FORMATS, CannotExport, Format, Picture, check_ready, formats_of, write
from rnnviz.figures import HeatMap, Look, ParallelCoordinates
from rnnviz.kept_sweeps import opened, results_of
from rnnviz.sweeps import sweep
from rnnviz.text import Text

NETCDF = "nc"
SCHEDULER = "tcp://HOST:PORT"
PICTURES = (ParallelCoordinates, HeatMap)


class Wanted(NamedTuple):
    """What `sweep` was asked for. drawn: the format of a picture; None for netCDF, or for no file at all."""

    many: list[Experiment]
    needs: tuple[str, ...]
    place: Where
    view: ParallelCoordinates | HeatMap
    drawn: Format | None


def run_sweep(
    words: Sequence[str], needs: str, where: str, scheduler: str, figure: str, out: Path | None, text: Text, look: Look
) -> None:
    """Everything is checked before the first experiment runs. Raises InvalidParameter, NoExecutor, CannotExport."""
    wanted = asked(words, needs, where, figure, out, text)
    if wanted.place == "dask" and not scheduler:
        raise InvalidParameter("--scheduler", scheduler, Pattern(SCHEDULER))
    with executor_on(wanted.place, scheduler) as executor, Progress(text) as tick:
        data = sweep(wanted.many, wanted.needs, executor=executor, tick=tick)
    print(table(data), flush=True)  # first: a picture that fails must not cost the answer
    if out is not None:
        if wanted.drawn is None:
            write(out, bytes(data.to_netcdf(engine="h5netcdf")))
        else:
            write(out, wanted.drawn.make(picture(data, wanted.view, text, look)))
        print(text("command.written", path=out))


def asked(words: Sequence[str], needs: str, where: str, figure: str, out: Path | None, text: Text) -> Wanted:
    view, rest = view_and_rest(figure, words, PICTURES, "--figure")
    chosen = format_of(out, text) if out is not None else None
    drawn = chosen if chosen is not None and chosen.name != NETCDF else None
    wanted = needs.split(",")
    for need in wanted:
        one_of("--needs", need, dict(DIAGNOSTICS))
    if drawn is not None:
        check_measure(view, tuple(DIAGNOSTICS))
    every = dict.fromkeys((*wanted, *(view.needs if drawn is not None else ())))
    place = one_of("--on", where, {place: place for place in PLACES})
    return Wanted(experiments(rest), tuple(every), place, view, drawn)


def draw_saved(file: Path, words: Sequence[str], figure: str, out: Path | None, text: Text, look: Look) -> None:
    """A sweep that was kept: its table, and a picture of it. Raises UnreadableSweep, InvalidParameter, CannotExport."""
    view, rest = view_and_rest(figure, words, PICTURES, "--figure")
    if rest:
        raise InvalidParameter("…", rest[0], OneOf((f"{VIEW}KEY=VALUE",)))
    drawn = format_of(out, text, kept=False) if out is not None else None
    try:
        data = opened(file.read_bytes())
    except OSError as error:
        raise CannotExport("not_read", path=str(file), cause=error.strerror or str(error)) from None
    if out is not None and drawn is not None:
        check_measure(view, tuple(name for name in DIAGNOSTICS if name in data and data[name].dims == ("run",)))
        write(out, drawn.make(picture(data, view, text, look)))
    print(table(data))
    if out is not None:
        print(text("command.written", path=out))


def picture(data: xr.Dataset, view: ParallelCoordinates | HeatMap, text: Text, look: Look) -> Picture:
    results = results_of(data)
    study = together({name: run.experiment for name, run in results.items()})
    return Picture(view, study, results, text, look)


def check_measure(view: ParallelCoordinates | HeatMap, there: tuple[str, ...]) -> None:
    """What a sweep measures; the others are of trainings, which the page Runs compares."""
    if view.measure not in there:
        known = type(view).parameters_declared()[0].domain
        allowed = tuple(word for word in getattr(known, "words", ()) if word in there)
        raise InvalidParameter(f"{VIEW}measure", view.measure, OneOf(allowed))


def format_of(out: Path, text: Text, *, kept: bool = True) -> Format | None:
    """Raises before any work is done for a file that could not be made or kept. None stands for netCDF."""
    known: dict[str, Format | None] = {**formats_of(Picture, FORMATS), **({NETCDF: None} if kept else {})}
    chosen = one_of("--out", out.suffix.removeprefix(".") or out.name, known)
    if chosen is None:
        check_netcdf(out, xr.Dataset, text)
    else:
        check_ready(out, chosen, text)
    return chosen


def table(data: xr.Dataset) -> str:
    """A line a run: what varies and every single number. Curves are in the file only."""
    single = [name for name, values in data.variables.items() if values.dims == ("run",) and name not in ("run", "key")]
    shown = data[single].reset_coords().drop_vars("run").to_dataframe()
    shown = shown.loc[:, [name for name in shown if name not in ("error", "overflow_time") or shown[name].any()]]
    return str(shown.to_string(index=False, na_rep="–", float_format=lambda value: f"{value:.6g}"))
