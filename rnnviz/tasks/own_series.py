"""A series of numbers of one's own: one column of a CSV file."""

from __future__ import annotations

import csv
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Annotated, ClassVar, Literal, NamedTuple

import torch
from pydantic import Field

from rnnviz import content
from rnnviz.choice import AddedLater, InvalidParameter, OneOf, Pattern, Range
from rnnviz.content import UnreadableContent
from rnnviz.streams import Examples
from rnnviz.tasks.task import Baseline, Batch, Shape, Task
from rnnviz.tasks.windows import present_and_next, standardised

COLUMNS = 64
ROWS = 100_000
LINE = 65_536  # characters; a CSV of one line and millions of columns is refused before it is taken apart
LEAST = 30  # numbers
NAME = 60  # characters of a column's name that are kept

DELIMITERS = ",;\t"
MISSING = frozenset({"", "-", "na", "n/a", "nan", "null", "none"})


def sample() -> bytes:
    """What a link means before anything has been uploaded: two waves and a little noise, 400 values by formula.

    v_t = sin(2πt/25) + 0.3 sin(2πt/7) + 0.2 n_t, three digits each, so that rounding cannot change the hash.
    """
    state, lines = 1, ["wave"]
    for t in range(400):
        state = (1_103_515_245 * state + 12_345) % 2**31
        wave = math.sin(2 * math.pi * t / 25) + 0.3 * math.sin(2 * math.pi * t / 7)
        lines.append(f"{wave + 0.2 * (state / 2**30 - 1):.3f}")
    return "\n".join(lines).encode()


class OwnSeries(Task):
    """One column of an uploaded CSV file, standardised; the answer is the next value, or one some steps ahead.

    A cell without a number is dropped at either end of the column and refused in between: leaving it out there would
    join two times that are not neighbours, and filling it in would make data up.
    Until there is an upload, `sha256` names a sample whose only column is "wave". Examples are windows into the column.
    Raises, when the file is looked at: MissingContent, UnreadableContent, InvalidParameter for an unknown column or a
    sequence longer than the data.
    """

    judgement = "squared_error"
    shape: ClassVar[Shape] = "aligned"
    input_size: ClassVar[int] = 1
    output_size: ClassVar[int] = 1
    needed_lag: ClassVar[int] = 0

    kind: Literal["own_series"] = Field("own_series", repr=False)
    sha256: Annotated[str, Pattern(content.SHA256)] = content.built_in(sample())
    column: Annotated[str, Pattern(rf"^[^\x00-\x1f\x7f]{{1,{NAME}}}$")] = "wave"
    ahead: Annotated[int, Range(1, 50, symbol="k", unit="time steps"), AddedLater()] = 1

    def batch(self, examples: Examples) -> Batch:
        values = torch.tensor(series(self.sha256, self.column), dtype=torch.float64)
        inputs, targets = present_and_next(values, examples, self.sequence_length, self.ahead)
        return Batch(inputs[..., None], targets[..., None])

    def baseline(self) -> Baseline:
        """Always answering 0 costs the variance of the series, which is 1 by standardising."""
        return Baseline.of_numbers(torch.ones_like(self.steps))


@lru_cache(maxsize=8)
def series(sha256: str, column: str) -> tuple[float, ...]:
    """The standardised values of one column of an upload."""
    table = read(content.get(sha256))
    columns = numeric(table)
    if column not in columns:
        raise InvalidParameter("column", column, OneOf(tuple(columns)))
    return tuple(standardised(usable(column, columns[column], table.first_row)))


def columns_of(data: bytes) -> tuple[str, ...]:
    """The names of the columns that hold numbers. Raises UnreadableContent for a file that has none."""
    return tuple(numeric(read(data)))


class Table(NamedTuple):
    """Cells as they stand in the file. They are only ever read as numbers: a formula is one more cell that is none."""

    names: tuple[str, ...]
    rows: list[list[str]]
    first_row: int  # of the data, as a spreadsheet counts


def read(data: bytes) -> Table:
    """The table in a CSV file. Every size is checked before the step that would suffer from it."""
    lines = content.utf8(data).strip("\n").split("\n")
    check_lines(lines)
    delimiter = max(DELIMITERS, key=lambda delimiter: len(cells_of(lines[0], delimiter)))
    if (found := len(cells_of(lines[0], delimiter))) > COLUMNS:
        raise UnreadableContent("too_many_columns", found=found, limit=COLUMNS)
    rows = rows_of(lines, delimiter)
    first = [clean(cell) for cell in rows[0]]
    if any(is_number(cell) for cell in first):
        return Table(tuple(str(place) for place in range(1, len(first) + 1)), rows, first_row=1)
    return Table(names_of(first), rows[1:], first_row=2)


def check_lines(lines: list[str]) -> None:
    if len(lines) > ROWS:
        raise UnreadableContent("too_many_rows", found=len(lines), limit=ROWS)
    row, longest = max(enumerate(map(len, lines), start=1), key=lambda item: item[1])
    if longest > LINE:
        raise UnreadableContent("long_line", row=row, limit=LINE)


def cells_of(line: str, delimiter: str) -> list[str]:
    return next(csv.reader([line], delimiter=delimiter), [])


def rows_of(lines: list[str], delimiter: str) -> list[list[str]]:
    """Every row, all of one length. An empty line is a row of one empty cell."""
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True, strict=True)
    try:
        rows = [row or [""] for row in reader]
    except csv.Error:
        raise UnreadableContent("malformed", row=reader.line_num) from None
    expected = len(rows[0])
    for place, row in enumerate(rows, start=1):
        if len(row) != expected:
            raise UnreadableContent("uneven_rows", row=place, found=len(row), expected=expected)
    return rows


def clean(cell: str) -> str:
    """A name without line breaks, control characters and spaces that nobody sees, and of bounded length."""
    visible = "".join(character if character.isprintable() else " " for character in cell)
    return " ".join(visible.split())[:NAME].rstrip()


def names_of(header: Sequence[str]) -> tuple[str, ...]:
    """A column without a name, or with a name that another has too, is called by its place.

    No two are then alike: a header with a number in it would have been read as data.
    """
    times = Counter(header)
    return tuple(name if name and times[name] == 1 else str(place) for place, name in enumerate(header, start=1))


def numeric(table: Table) -> dict[str, list[float]]:
    """The columns that hold numbers, and NaN where a cell is empty."""
    if not table.rows:
        raise UnreadableContent("no_rows")
    columns = {name: numbers(cells) for name, cells in zip(table.names, zip(*table.rows, strict=True), strict=False)}
    found = {name: values for name, values in columns.items() if values}
    if not found:
        raise UnreadableContent("no_numbers")
    return found


def numbers(cells: Iterable[str]) -> list[float]:
    """A column as numbers; nothing if one of its cells holds anything else, or none of them a number."""
    values = []
    for cell in cells:
        if (value := number(cell)) is None:
            return []
        values.append(value)
    return [] if all(map(math.isnan, values)) else values


def number(cell: str) -> float | None:
    """The number in a cell, NaN where one is missing, None for anything else, such as a word or infinity."""
    if cell.strip().lower() in MISSING:  # asked first: five million bytes of commas would be as many exceptions
        return math.nan
    try:
        value = float(cell)
    except ValueError:
        return None
    return None if math.isinf(value) or "_" in cell else value  # Python alone reads 1_000 as a number


def is_number(cell: str) -> bool:
    value = number(cell)
    return value is not None and not math.isnan(value)


def usable(column: str, values: list[float], first_row: int) -> list[float]:
    """The column from its first number to its last. Raises UnreadableContent for a gap, too few values or all equal."""
    there = [place for place, value in enumerate(values) if not math.isnan(value)]
    kept = values[there[0] : there[-1] + 1]
    if len(kept) > len(there):
        gap = next(place for place, value in enumerate(kept, start=there[0]) if math.isnan(value))
        raise UnreadableContent("missing_values", column=column, row=gap + first_row)
    if len(kept) < LEAST:
        raise UnreadableContent("short_series", column=column, found=len(kept), least=LEAST)
    if min(kept) == max(kept):
        raise UnreadableContent("constant", column=column)
    return kept
