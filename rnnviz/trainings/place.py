"""What lies in the folder of a training at work: its last checkpoint, the log so far, and the lock of who writes them."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import xarray as xr

from rnnviz.diagnostics.exchange import pack, unpack
from rnnviz.quantities import TRAINING_QUANTITIES
from rnnviz.store import Lock, files, is_held

if TYPE_CHECKING:
    from rnnviz.engine.checkpoint import Checkpoint

ABOUT = "about"
UNREADABLE = (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile)


class Pace(NamedTuple):
    """How far a training was when its log was last written.

    update: updates made.   seconds: spent on them.   rate: of the last seconds, updates per second; 0 when it rests.
    """

    update: int = 0
    seconds: float = 0.0
    rate: float = 0.0


class Place:
    """One training's folder. One process writes, under the lock; any process reads, and finds whole files only."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.lock = Lock(folder / "lock")
        self._checkpoint, self._log = folder / "checkpoint", folder / "log.npz"

    @property
    def at_work(self) -> bool:
        return is_held(self.lock.path)

    # — to go on from —

    def keep(self, kept: Checkpoint) -> None:
        files.write(self._checkpoint, kept.to_bytes())

    def kept(self) -> Checkpoint | None:
        """The last checkpoint; None if there is none, or none that can be used, which is set aside. Begun anew, the
        training takes the same path: only time is lost.
        """
        from rnnviz.engine.checkpoint import Checkpoint, UnusableCheckpoint

        with suppress(FileNotFoundError):
            try:
                return Checkpoint.from_bytes(self._checkpoint.read_bytes())
            except UnusableCheckpoint:
                self._checkpoint.replace(self._checkpoint.with_suffix(".damaged"))
        return None

    # — to be looked at —

    def tell(self, log: xr.Dataset, pace: Pace) -> None:
        """The log so far. Not synced: after a power cut it is told anew from the checkpoint."""
        arrays, description = pack({"log": log})
        about = json.dumps({"pace": pace, "description": description}).encode()
        packed = io.BytesIO()
        np.savez(packed, allow_pickle=False, **arrays, **{ABOUT: np.frombuffer(about, np.uint8)})
        files.write(self._log, packed.getvalue(), synced=False)

    def pace(self) -> Pace:
        with suppress(*UNREADABLE), np.load(self._log, allow_pickle=False) as told:
            return Pace(*_about(told)["pace"])
        return Pace()

    def log(self) -> xr.Dataset | None:
        """As `Trainer.trace().data`; None before the first update."""
        with suppress(*UNREADABLE), np.load(self._log, allow_pickle=False) as told:
            log = unpack(dict(told), _about(told)["description"])["log"]
            for name in log.data_vars:
                log[name].attrs = TRAINING_QUANTITIES[str(name)].attributes
            return log
        return None


def _about(told: Mapping[str, np.ndarray]) -> dict[str, Any]:
    return dict(json.loads(told[ABOUT].tobytes()))
