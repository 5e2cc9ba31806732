"""Every word a person reads, in every language we speak.

`text/<language>/*.toml` hold the words, all languages with the same keys and the same {placeholders}. A Text is handed to
whatever speaks; there is no current language.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

LANGUAGES = {"en": "English", "ko": "한국어"}


@dataclass(frozen=True)
class Text:
    """The words of one language: `text("parameter.gain.label")`, `text("outcome.diverged", time=316)`."""

    language: str = "en"

    def __post_init__(self) -> None:
        if self.language not in LANGUAGES:
            raise ValueError(f"language must be one of {', '.join(LANGUAGES)}; got {self.language!r}")

    def __call__(self, key: str, /, **values: object) -> str:
        words = catalogue(self.language)[key]
        return words.format(**values) if values else words

    def __contains__(self, key: str) -> bool:
        return key in catalogue(self.language)


@cache
def catalogue(language: str) -> Mapping[str, str]:
    """All words of a language under dotted keys."""
    words: dict[str, str] = {}
    for file in sorted((files(__package__) / language).iterdir(), key=lambda file: file.name):
        if file.name.endswith(".toml"):
            words |= dict(dotted(tomllib.loads(file.read_text("utf-8"))))
    return words


def dotted(table: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name, value in table.items():
        found += dotted(value, f"{prefix}{name}.") if isinstance(value, Mapping) else [(prefix + name, value)]
    return found
