"""A run as one file: is it ours, what does it say of itself, what was measured."""

from __future__ import annotations

import io
import json
import math
import re
from typing import Any, Literal

import numpy as np
import xarray as xr

from rnnviz.choice import InvalidParameter
from rnnviz.diagnostics.training_result import last_tenth
from rnnviz.experiment import Experiment
from rnnviz.quantities import QUANTITIES, TRAINING_QUANTITIES
from rnnviz.store.run import Run

LARGEST = 256 << 20  # bytes of all arrays together, asked before any is read: 1 kB of HDF5 can promise terabytes
KEY = re.compile(r"[0-9a-f]{16}")
FACTS = ("loss", "accuracy", "gradient_norm")
PERSONS = ("title", "tags", "note")  # what a person wrote, in an exported file


Reason = Literal["unreadable", "not_ours", "too_large", "unknown_variable", "not_understood"]


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
    about = opened.attrs
    try:
        key, words = str(about["key"]), json.loads(about["experiment"])
        experiment = Experiment.from_flat(words)
        ended = outcome_of(about, experiment)
        persons = {name: str(about.get(name, "")) for name in PERSONS}
        tags = json.loads(persons["tags"] or "[]")
    except (InvalidParameter, KeyError, TypeError, ValueError, AttributeError) as error:
        raise ForeignFile("not_understood", cause=str(error)[:200]) from None
    if not KEY.fullmatch(key) or not isinstance(tags, list):
        raise ForeignFile("not_understood", cause="key, tags")
    run = Run(
        key, experiment.flat(), str(ended["state"]), created, created,
        update=opened.sizes.get("update", 0), updates=experiment.training.updates,
        seconds=float(about.get("seconds", 0.0)), outcome=ended, facts=facts(opened),
    )  # fmt: skip
    return run.named(persons["title"], map(str, tags), persons["note"])


def outcome_of(about: dict[Any, Any], experiment: Experiment) -> dict[str, Any]:
    """As `Outcome` has it."""
    state = str(about["outcome"])
    if state not in ("completed", "diverged", "stopped"):
        raise ValueError(f"it ended as {state[:40]!r}")
    update = about.get("ended_at_update")
    return {
        "state": state, "quantity": str(about["overflow_quantity"]), "time": int(about["overflow_time"]),
        "dtype": experiment.dtype if state == "diverged" else "", "update": None if update is None else int(update),
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
