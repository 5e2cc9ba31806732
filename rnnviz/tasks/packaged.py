"""A table that comes with an installed package, read as a file: the package itself is not imported."""

from __future__ import annotations

import gzip
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from rnnviz.content import UnreadableContent, hash_of


class Packaged(NamedTuple):
    """A gzip file by its path inside a module, and under which name that module is installed."""

    module: str
    path: str
    distribution: str

    @cache  # noqa: B019  (there are as many as data sets)
    def read(self) -> bytes:
        """Raises UnreadableContent where the package is not installed."""
        spec = find_spec(self.module)
        for folder in (spec and spec.submodule_search_locations) or ():
            packed = Path(folder) / self.path
            if packed.is_file():
                return gzip.decompress(packed.read_bytes())
        raise UnreadableContent("no_source", module=self.distribution)

    @cache  # noqa: B019
    def fingerprint(self) -> str:
        """Without the package it is "": the experiment still has a key, and its run says what is missing."""
        try:
            return hash_of(self.read())
        except UnreadableContent:
            return ""
