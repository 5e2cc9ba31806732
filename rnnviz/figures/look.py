"""Colours, type and frames that every figure shares, light and dark, on the page and in an export alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# The page's own fonts first; then what other machines have with Hangul, for a picture that is opened elsewhere.
FONT = "'Source Sans', 'Source Sans 3', Pretendard, 'Noto Sans KR', NanumGothic, 'Apple SD Gothic Neo', sans-serif"

# Okabe & Ito (2008): told apart by every common form of colour blindness, on white and on near-black.
CELL_COLOURS = {
    False: {"elman": "#c8450b", "lstm": "#0068ad", "gru": "#00805d"},
    True: {"elman": "#ff8a4c", "lstm": "#5cb3f0", "gru": "#3ccf9f"},
}
# For curves of one cell that differ in something else, from the same palette and Tol (2021): purple, ochre, teal, wine.
OTHER_COLOURS = {
    False: ("#8a3a9c", "#8f6a00", "#00707a", "#9b2242"),
    True: ("#d59bff", "#e6bd3a", "#4cd3dd", "#ff9db5"),
}
ACTIVATION_DASHES = {"sigmoid": "dot", "tanh": "solid", "relu": "dash", "identity": "dashdot"}
# Contrast of words with their ground. WCAG 2.2, 1.4.3 asks for 4.5, which black or white always reaches; rounding takes some.
READABLE = 4.6


@dataclass(frozen=True)
class Look:
    """Light or dark; given to every figure, so that what is exported is what was seen."""

    dark: bool = False

    @property
    def ink(self) -> str:
        return "#e8eaed" if self.dark else "#1b1f24"

    @property
    def paper(self) -> str:
        return "#11171e" if self.dark else "#ffffff"

    @property
    def muted(self) -> str:
        return "#9aa4b2" if self.dark else "#5b6472"

    @property
    def lines(self) -> str:
        return "#2b323c" if self.dark else "#e3e7ec"

    @property
    def alarm(self) -> str:
        return "#ff7b72" if self.dark else "#b3261e"

    def colour(self, cell: str) -> str:
        return CELL_COLOURS[self.dark].get(cell, self.ink)

    def of_several(self, place: int) -> str:
        """The colour of the curve at this place among curves of one cell."""
        colours = OTHER_COLOURS[self.dark]
        return colours[place % len(colours)]

    @property
    def sequential(self) -> list[list[float | str]]:
        """0 to 1 for gates: cividis, which looks alike to every eye and keeps its order in print."""
        colours = ("#00224e", "#35456c", "#666970", "#948e77", "#c8b866", "#fee838")
        return [[k / 5, colour] for k, colour in enumerate(colours)]

    @property
    def diverging(self) -> list[list[float | str]]:
        """Negative blue, zero the paper itself, positive orange: told apart by every common form of colour blindness."""
        low, high = CELL_COLOURS[self.dark]["lstm"], CELL_COLOURS[self.dark]["elman"]
        return [[0.0, low], [0.5, self.paper], [1.0, high]]

    def graded(self, share: float) -> str:
        """0 to 1 for lines: blue, purple, orange, each of which stands out from the paper, as a light yellow would not."""
        stops = (CELL_COLOURS[self.dark]["lstm"], OTHER_COLOURS[self.dark][0], CELL_COLOURS[self.dark]["elman"])
        return mixed(stops, share)

    def ink_on_diverging(self, share: float) -> str:
        """For words on the colour that stands for this share, 0 to 1; black or white where the usual ink is too faint."""
        ground = mixed([str(colour) for _, colour in self.diverging], share)
        if contrast(self.ink, ground) >= READABLE:
            return self.ink
        return max(("#000000", "#ffffff"), key=lambda ink: contrast(ink, ground))

    def faint(self, colour: str, opacity: float) -> str:
        red, green, blue = channels_of(colour)
        return f"rgba({red},{green},{blue},{opacity})"

    def layout(self, title: str, subtitle: str, **rest: Any) -> dict[str, Any]:
        """The frame of a figure: fonts, colours, margins; `rest` is added on top."""
        frame: dict[str, Any] = {
            "font": {"family": FONT, "size": 15, "color": self.ink},
            "paper_bgcolor": self.paper,
            "plot_bgcolor": self.paper,
            "title": {
                "text": title, "x": 0, "xref": "paper", "xanchor": "left", "y": 0.98, "yanchor": "top",
                "font": {"size": 18}, "subtitle": {"text": subtitle, "font": {"size": 13, "color": self.muted}},
            },
            "margin": {"l": 70, "r": 20, "t": 104, "b": 56},
            "hovermode": "closest",
            "hoverlabel": {"font": {"family": FONT, "size": 14}},
            "legend": {"x": 1.01, "xanchor": "left", "y": 1, "yanchor": "top", "font": {"size": 15}, "tracegroupgap": 2},
        }  # fmt: skip
        return frame | rest

    def axis(self, **rest: Any) -> Mapping[str, Any]:
        return {
            "gridcolor": self.lines, "linecolor": self.muted, "zeroline": False, "ticks": "outside",
            "tickcolor": self.lines, "showline": True, "automargin": True, "title": {"standoff": 8}, **rest,
        }  # fmt: skip


def mixed(stops: Sequence[str], share: float) -> str:
    """The colour at this share, 0 to 1, of a scale with evenly spaced stops."""
    place = min(max(share, 0.0), 1.0) * (len(stops) - 1)
    left = min(int(place), len(stops) - 2)
    channels = (
        round((1 - place + left) * a + (place - left) * b)
        for a, b in zip(channels_of(stops[left]), channels_of(stops[left + 1]), strict=True)
    )
    return "#" + "".join(f"{channel:02x}" for channel in channels)


def contrast(one: str, other: str) -> float:
    """Of two colours, 1 to 21, as WCAG 2.2 defines it."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    shares = (channel / 255 for channel in channels_of(colour))
    red, green, blue = (s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def channels_of(colour: str) -> tuple[int, int, int]:
    red, green, blue = (int(colour[k : k + 2], 16) for k in (1, 3, 5))
    return red, green, blue
