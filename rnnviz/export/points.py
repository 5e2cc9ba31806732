"""CSV: every number of the figure, one row per point. The format has no place for provenance; the JSON has."""

from __future__ import annotations

import pandas as pd

from rnnviz.export.format import Format
from rnnviz.export.picture import DemonstrationPicture, Picture, Shown

FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet takes for the start of something to execute


def points(picture: Shown) -> bytes:
    return harmless(picture.points).to_csv(index=False, lineterminator="\n").encode()


def harmless(data: pd.DataFrame) -> pd.DataFrame:
    """Text that a spreadsheet would execute gets an apostrophe before it; numbers stay numbers, minus sign and all."""
    quoted = data.rename(columns=lambda name: quoted_cell(str(name)))
    texts = [name for name in quoted if not pd.api.types.is_numeric_dtype(quoted[name])]
    return quoted.assign(**{str(name): quoted[name].map(quoted_cell) for name in texts})


def quoted_cell(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell


CSV = Format("csv", "text/csv", (Picture, DemonstrationPicture), points)
