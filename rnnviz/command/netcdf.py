"""Whether a netCDF file could be written where it was asked for."""

from __future__ import annotations

from pathlib import Path

from rnnviz.choice import InvalidParameter, OneOf
from rnnviz.export import Format, check_ready
from rnnviz.text import Text

ENDING = "nc"


def check_netcdf(out: Path, subject: type, text: Text) -> None:
    """Raises InvalidParameter for another ending, CannotExport for a place that takes no file."""
    if out.suffix != f".{ENDING}":
        raise InvalidParameter("--out", out.suffix.removeprefix("."), OneOf((ENDING,)))
    check_ready(out, Format(ENDING, "application/x-netcdf", (subject,), bytes), text)
