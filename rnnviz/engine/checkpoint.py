"""A training between two updates, as bytes: named arrays and JSON, never pickle, under a hash of their own."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from rnnviz.choice import InvalidParameter
from rnnviz.experiment import Experiment
from rnnviz.trace import Outcome

HEAD = b"rnnviz training checkpoint 1\n"
ABOUT = "about"
Array = np.ndarray[Any, Any]


class UnusableCheckpoint(ValueError):
    """Bytes that are no checkpoint, a damaged one, or one of an experiment whose data are others here."""


class Checkpoint(NamedTuple):
    """Everything that the rest of a training hangs on, and what has been written down of it so far.

    There is no generator in it: every example has random numbers of its own, so the place in the data is `update`.
    """

    experiment: Experiment
    update: int
    every: int
    diverged: Outcome | None
    weights: Mapping[str, Tensor]
    optimizer: Mapping[str, Tensor]
    log: Mapping[str, Array]

    def to_bytes(self) -> bytes:
        about = {
            "experiment": self.experiment.flat(), "key": self.experiment.key, "update": self.update, "every": self.every,
            "diverged": asdict(self.diverged) if self.diverged else None,
        }  # fmt: skip
        arrays = {f"weights/{name}": value.numpy() for name, value in self.weights.items()}
        arrays |= {f"optimizer/{name}": value.numpy() for name, value in self.optimizer.items()}
        arrays |= {f"log/{name}": array for name, array in self.log.items()}
        arrays[ABOUT] = np.frombuffer(json.dumps(about).encode(), np.uint8)
        packed = io.BytesIO()
        np.savez(packed, allow_pickle=False, **arrays)
        body = packed.getvalue()
        return HEAD + hashlib.sha256(body).hexdigest().encode() + b"\n" + body

    @classmethod
    def from_bytes(cls, data: bytes) -> Checkpoint:
        """Raises UnusableCheckpoint, which says why."""
        if not data.startswith(HEAD):
            raise UnusableCheckpoint("this is no checkpoint of a training, or one of another version of rnnviz")
        sha256, _, body = data[len(HEAD) :].partition(b"\n")
        if hashlib.sha256(body).hexdigest().encode() != sha256:
            raise UnusableCheckpoint("this checkpoint is damaged: its bytes do not have the hash that it names")
        try:
            with np.load(io.BytesIO(body), allow_pickle=False) as packed:
                return cls.of(json.loads(packed[ABOUT].tobytes()), dict(packed))
        except (KeyError, OSError, ValueError, zipfile.BadZipFile) as error:
            if isinstance(error, UnusableCheckpoint):
                raise
            raise UnusableCheckpoint(f"this checkpoint cannot be read: {error}") from None

    @classmethod
    def of(cls, about: Mapping[str, Any], arrays: Mapping[str, Array]) -> Checkpoint:
        try:
            experiment = Experiment.from_flat(about["experiment"])
        except InvalidParameter as error:
            raise UnusableCheckpoint(f"this checkpoint is of an experiment that does not exist here: {error}") from None
        if experiment.key != about["key"]:
            raise UnusableCheckpoint("the data that this training reads are others on this machine")

        def under(prefix: str) -> dict[str, Array]:
            return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}

        return cls(
            experiment, about["update"], about["every"], Outcome(**about["diverged"]) if about["diverged"] else None,
            {name: torch.from_numpy(array) for name, array in under("weights/").items()},
            {name: torch.from_numpy(array) for name, array in under("optimizer/").items()},
            under("log/"),
        )  # fmt: skip
