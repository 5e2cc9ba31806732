"""Published results, in small: settings of the page Training. What to look for is in the texts, under `replay.<name>`."""

from __future__ import annotations

from rnnviz.choice import Word

REPLAYS: dict[str, dict[str, Word]] = {}
