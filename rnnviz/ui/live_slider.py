"""A slider that speaks while it is dragged: Streamlit's own waits until it is let go.

Beside a `plot` in one `st.fragment` the figure follows the hand, some eight times a second. The browser's half is
`live_slider.js`.
"""

import math
from collections.abc import Callable, Mapping
from pathlib import Path

import streamlit as st

HTML = """
<div class="rnnviz-live-slider">
  <label>
    <span class="name"></span><span class="help" aria-hidden="true">?</span>
    <span class="value" aria-hidden="true"></span><input type="range">
  </label>
</div>
"""


def live_slider(
    label: str,
    value: float,
    low: float,
    high: float,
    step: float,
    key: str,
    help: str,
    on_change: Callable[[float], None],
) -> None:
    """It stands where `value` says, in every run of the page; `on_change(number)` hears of the hand before the page runs.

    The number lies on the grid `low`, `low + step`, … `high`. What the browser told last is never read again: it goes on
    sending that with every click elsewhere, and a reset of the value would be undone.
    """
    data = {
        "label": label,
        "help": help,
        "value": _on_grid(value, low, high, step),
        "low": low,
        "high": high,
        "step": step,
    }
    data["digits"] = _digits(step)

    def changed() -> None:
        told = st.session_state[key].get("told")
        number = told.get("value") if isinstance(told, Mapping) else None
        if isinstance(number, int | float) and math.isfinite(number):  # a browser may send anything
            on_change(_on_grid(number, low, high, step))

    _component(key=key, data=data, default={"told": None}, on_told_change=changed)


def _on_grid(number: float, low: float, high: float, step: float) -> float:
    """The nearest value of the grid: each value off it would be computed anew."""
    steps = round((min(max(number, low), high) - low) / step)
    return round(low + min(steps, math.floor((high - low) / step + 1e-9)) * step, _digits(step) + 6)


def _digits(step: float) -> int:
    """Decimals that tell neighbours on the grid apart: 2 for 0.01 and for 0.05, 0 for whole numbers."""
    return max(0, math.ceil(-math.log10(step) - 1e-9))


def _beside(name: str) -> str:
    return Path(__file__).with_name(name).read_text("utf-8")


_component = st.components.v2.component(
    "rnnviz_live_slider", html=HTML, css=_beside("live_slider.css"), js=_beside("live_slider.js"), isolate_styles=False
)
