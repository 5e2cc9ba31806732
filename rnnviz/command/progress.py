"""How far a long computation is, on stderr: one line that rewrites itself, or now and then a line in a log."""

from __future__ import annotations

import sys
import time

from rnnviz.text import Text

SHORT = 1.0  # seconds of work of which nothing is said
EVERY = {True: 0.2, False: 10.0}  # seconds between two words: to a person at a terminal, to a log


class Progress:
    """A tick of the engine's; leaving it ends the line."""

    def __init__(self, text: Text):
        self.text, self.terminal = text, sys.stderr.isatty()
        self.next = time.monotonic() + SHORT
        self.said = False

    def __call__(self, progress: float) -> None:
        now = time.monotonic()
        if now >= self.next:
            self.next, self.said = now + EVERY[self.terminal], True
            words = self.text("command.computing", percent=int(100 * progress))
            print(
                "\r" + words if self.terminal else words, end="" if self.terminal else "\n", file=sys.stderr, flush=True
            )

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self.said and self.terminal:
            print(file=sys.stderr)
