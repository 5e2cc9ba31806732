"""A run as one file: is it ours, what does it say of itself, what was measured."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import xarray as xr

from rnnviz.choice import DATA, InvalidParameter, Word
from rnnviz.diagnostics.training_result import last_tenth
from rnnviz.experiment import Experiment
from rnnviz.quantities import QUANTITIES, TRAINING_QUANTITIES
from rnnviz.store.run import Run

LARGEST = 256 << 20  # bytes of all arrays together, asked before any is read: 1 kB of HDF5 can promise terabytes
FACTS = ("loss", "accuracy", "gradient_norm")


Reason = Literal[
    "unreadable", "not_ours", "too_large", "unknown_variable", "not_understood", "other_key", "other_length"
]


class ForeignFile(ValueError):
    """Not a run of this program, or one that cannot be read: `error.foreign_file.<reason>` says it, with `detail`."""

    def __init__(self, reason: Reason, **detail: str | int):
        self.reason: Reason = reason
        self.detail = detail
        parts = ", ".join(f"{name} = {value!r}" for name, value in detail.items())
        super().__init__(f"this is no run of rnnviz: {reason}" + (f" ({parts})" if parts else ""))


def dataset(data: bytes) -> xr.Dataset:
    """What the file holds, in memory. Raises ForeignFile."""
    try:
        with xr.open_dataset(io.BytesIO(data), engine="h5netcdf", phony_dims="access") as opened:
            check(opened)
            return opened.load()
    except ForeignFile:
        raise
    except Exception as error:  # noqa: BLE001 - what HDF5 raises at hostile bytes is anything at all
        raise ForeignFile("unreadable", cause=type(error).__name__) from None


def check(opened: xr.Dataset) -> None:
    if opened.attrs.get("program") != "rnnviz":
        raise ForeignFile("not_ours")
    if opened.nbytes > LARGEST:
        raise ForeignFile("too_large", found=opened.nbytes, limit=LARGEST)
    for name in opened.data_vars:
        known = [of[str(name)].dims for of in (TRAINING_QUANTITIES, QUANTITIES) if str(name) in of]
        if opened[name].dims not in known or opened[name].dtype.kind not in "fiub":
            raise ForeignFile("unknown_variable", name=str(name)[:40])


def run_of(data: bytes, created: float) -> Run:
    """What the file says of its run; everything in it is checked, for it may come from anywhere. Raises ForeignFile."""
    opened = dataset(data)
    try:
        run = told(opened, created)
        run.to_json().encode()  # half a surrogate is a word to JSON, and to SQLite is none
    except ForeignFile:
        raise
    except (InvalidParameter, KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as error:
        raise ForeignFile("not_understood", cause=str(error)[:200]) from None
    return run


def told(opened: xr.Dataset, created: float) -> Run:
    about, made = opened.attrs, opened.sizes.get("update", 0)
    experiment = Experiment.from_flat(words_of(about["experiment"]))
    key = key_in(about, experiment)
    ended = outcome_of(about, experiment, made)
    seconds = float(about.get("seconds", 0.0))
    if not 0 <= seconds < math.inf:
        raise ValueError(f"seconds = {seconds}")
    if made and not np.array_equal(opened["update"].values, np.arange(made)):
        raise ValueError("update")
    tags = json.loads(str(about.get("tags", "")) or "[]")
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise ValueError("tags")
    run = Run(
        key, experiment.flat(), str(ended["state"]), created, created,
        update=made, updates=experiment.training.updates, seconds=seconds, outcome=ended, facts=facts(opened),
    )  # fmt: skip
    return run.named(str(about.get("title", "")), tags, str(about.get("note", "")))


def words_of(text: str) -> dict[str, Word]:
    """One level of words, as `flat` and `fingerprints` have it."""
    words = json.loads(text)
    if not isinstance(words, dict) or not all(isinstance(word, Word) for word in words.values()):
        raise ValueError("words")
    return words


def key_in(about: Mapping[Any, Any], experiment: Experiment) -> str:
    """The key of the file, if it is that of its experiment: under another it would stand in the way of that other one.

    Where the data are others than here, such as the source code of another Python, the file has to name their
    fingerprints. That makes the key its own, and not one that anybody could choose: it is a part of a sha256.
    """
    key, own = str(about["key"]), experiment.key
    fingerprints = words_of(about.get("fingerprints", "{}"))
    if not all(path.endswith(DATA) for path in fingerprints):
        raise ValueError("fingerprints")
    if key not in (own, experiment.key_with({path: str(word) for path, word in fingerprints.items()})):
        raise ForeignFile("other_key", key=key[:16], own=own)
    return key


def outcome_of(about: Mapping[Any, Any], experiment: Experiment, made: int) -> dict[str, Any]:
    """As `Outcome` has it. A run that says it is completed is not trained again, so it has to have made all its updates;
    one that diverged has written down the update that failed too.
    """
    state, asked = str(about["outcome"]), experiment.training.updates
    if state not in ("completed", "diverged", "stopped"):
        raise ValueError(f"it ended as {state[:40]!r}")
    update = int(about["ended_at_update"]) if "ended_at_update" in about else None
    last = -1 if update is None else update
    expected = {"completed": asked, "diverged": last + 1, "stopped": last}[state]
    if made != expected or made > asked or (state == "diverged" and asked and not made):
        raise ForeignFile("other_length", found=made, updates=asked)
    return {
        "state": state, "quantity": str(about["overflow_quantity"]), "time": int(about["overflow_time"]),
        "dtype": experiment.dtype if state == "diverged" else "", "update": update,
        "parameter": str(about.get("ended_in_parameter", "")),
    }  # fmt: skip


def facts(log: xr.Dataset) -> dict[str, float]:
    """The numbers of a run that a list can be sorted by: means over the last tenth of the updates."""
    if not log.sizes.get("update"):
        return {}
    means = {name: float(np.nanmean(last_tenth(log[name].values))) for name in FACTS if name in log}
    return {name: value for name, value in means.items() if math.isfinite(value)}


def with_words(data: bytes, run: Run) -> bytes:
    """The same file, with what a person wrote on it."""
    words = {"title": run.title, "tags": json.dumps(run.tags, ensure_ascii=False), "note": run.note}
    return bytes(dataset(data).assign_attrs({**words, "seconds": run.seconds}).to_netcdf(engine="h5netcdf"))
