"""`rnnviz sweep`: from words to many experiments, to a table and a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import xarray as xr

from rnnviz.choice import InvalidParameter, OneOf, Pattern
from rnnviz.command.progress import Progress
from rnnviz.command.words import experiments, one_of
from rnnviz.diagnostics import DIAGNOSTICS
from rnnviz.executors import PLACES, executor_on
from rnnviz.export import Format, check_ready, write
from rnnviz.sweeps import sweep
from rnnviz.text import Text

ENDING = "nc"
SCHEDULER = "tcp://HOST:PORT"


def run_sweep(words: Sequence[str], needs: str, where: str, scheduler: str, out: Path | None, text: Text) -> None:
    """Everything is checked before the first experiment runs. Raises InvalidParameter, NoExecutor, CannotExport."""
    many, wanted = experiments(words), needs.split(",")
    for need in wanted:
        one_of("--needs", need, dict(DIAGNOSTICS))
    place = one_of("--on", where, {place: place for place in PLACES})
    if place == "dask" and not scheduler:
        raise InvalidParameter("--scheduler", scheduler, Pattern(SCHEDULER))
    if out is not None:
        check_file(out, text)
    with executor_on(place, scheduler) as executor, Progress(text) as tick:
        data = sweep(many, wanted, executor=executor, tick=tick)
    if out is not None:
        write(out, bytes(data.to_netcdf(engine="h5netcdf")))
    print(table(data))
    if out is not None:
        print(text("command.written", path=out))


def check_file(out: Path, text: Text) -> None:
    if out.suffix != f".{ENDING}":
        raise InvalidParameter("--out", out.suffix.removeprefix("."), OneOf((ENDING,)))
    check_ready(out, Format(ENDING, "application/x-netcdf", (xr.Dataset,), bytes), text)


def table(data: xr.Dataset) -> str:
    """A line a run: what varies and every single number. Curves are in the file only."""
    single = [name for name, values in data.variables.items() if values.dims == ("run",) and name not in ("run", "key")]
    shown = data[single].reset_coords().drop_vars("run").to_dataframe()
    shown = shown.loc[:, [name for name in shown if name not in ("error", "overflow_time") or shown[name].any()]]
    return str(shown.to_string(index=False, na_rep="–", float_format=lambda value: f"{value:.6g}"))
