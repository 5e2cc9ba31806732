"""A sweep that was kept as a file, as figures read it: each run with its experiment and its numbers."""

from __future__ import annotations

import io
import itertools
import re
from collections.abc import Container, Hashable, Mapping
from typing import Any, Literal

import numpy as np
import xarray as xr

from rnnviz.choice import InvalidParameter, Word
from rnnviz.diagnostics import DIAGNOSTICS
from rnnviz.experiment import VARIATION_NAME, Experiment
from rnnviz.figures import Result, Results
from rnnviz.store.reading import LARGEST
from rnnviz.sweeps import MARK

MOST = 2_000  # runs; more lines than a screen has rows say nothing
PREFIX = "experiment."
NAMES = ("run", "key")


class UnreadableSweep(ValueError):
    """No sweep of this program, or one that cannot be read: `sweep.error.<reason>` says it, with `detail`."""

    def __init__(self, reason: Literal["unreadable", "no_sweep", "too_large", "not_understood"], **detail: str | int):
        self.reason, self.detail = reason, detail
        super().__init__(f"this is no sweep that can be drawn: {reason} {detail}")


def opened(file: bytes) -> xr.Dataset:
    """What the file holds. It may come from anywhere: its size is asked before anything is read. Raises UnreadableSweep."""
    try:
        with xr.open_dataset(io.BytesIO(file), engine="h5netcdf", phony_dims="access") as data:
            check(data)
            return data.load()
    except UnreadableSweep:
        raise
    except Exception as error:  # noqa: BLE001 - what HDF5 raises at hostile bytes is anything at all
        raise UnreadableSweep("unreadable", cause=type(error).__name__) from None


def check(data: xr.Dataset) -> None:
    ours = all(data.attrs.get(name) == word for name, word in MARK.items())
    if not ours or "run" not in data.coords or data["run"].ndim != 1:
        raise UnreadableSweep("no_sweep")
    for found, limit in ((data.sizes["run"], MOST), (data.nbytes, LARGEST)):
        if found > limit:
            raise UnreadableSweep("too_large", found=found, limit=limit)


def results_of(data: xr.Dataset) -> Results:
    """The runs by name, each with the diagnostics that are one number. Raises UnreadableSweep."""
    single = [name for name in DIAGNOSTICS if name in data and data[name].dims == ("run",)]
    shared = {path.removeprefix(PREFIX): word for path, word in data.attrs.items() if str(path).startswith(PREFIX)}
    varying = [name for name, values in data.coords.items() if values.dims == ("run",) and name not in NAMES]
    found: dict[str, Result] = {}
    for k, name in enumerate(data["run"].values.tolist()):
        own = {str(path): word for path in varying if (word := word_of(data[path].values[k])) is not None}
        found[name_of(name, k, found)] = Result(experiment({**shared, **own}), numbers(data, single, k))
    return found


def experiment(words: Mapping[str, Any]) -> Experiment:
    try:
        return Experiment.from_flat({path: spelt(word) for path, word in words.items()})
    except (InvalidParameter, TypeError, ValueError) as error:
        raise UnreadableSweep("not_understood", cause=str(error)[:200]) from None


def word_of(value: Any) -> Word | None:
    """None for what a run has not: NaN among numbers, "" among words."""
    word = value.item() if isinstance(value, np.generic) else value
    return None if word == "" or word != word else word


def spelt(word: Any) -> Word:
    """As a link would say it; netCDF keeps whole numbers beside NaN as fractions, and numbers of attributes as arrays."""
    plain = np.asarray(word).item() if not isinstance(word, str) else word
    if isinstance(plain, float) and plain.is_integer() and abs(plain) < 2**53:
        return str(int(plain))
    return repr(plain) if isinstance(plain, float) else str(plain)


def numbers(data: xr.Dataset, single: list[str], k: int) -> xr.Dataset:
    try:
        about = {"example": int(data.attrs.get("example", 0)), "outcome": str(data["outcome"].values[k]),
                 "overflow_time": int(data["overflow_time"].values[k])}  # fmt: skip
        return xr.Dataset({name: float(data[name].values[k]) for name in single}, attrs=about)
    except (KeyError, IndexError, TypeError, ValueError, OverflowError) as error:
        raise UnreadableSweep("not_understood", cause=str(error)[:200]) from None


def name_of(name: Hashable, k: int, taken: Container[str]) -> str:
    """A name that a study may give to a variation: its own, unless a run before it has that already."""
    own = [str(name)] if re.fullmatch(VARIATION_NAME.form, str(name)) else []
    others = (f"run-{k}-{n}" for n in itertools.count(2))
    return next(each for each in itertools.chain(own, [f"run-{k}"], others) if each not in taken)
