"""A slider that speaks while it is dragged: Streamlit's own waits until it is let go.

Beside a `plot` in one `st.fragment` the figure follows the hand, some eight times a second. The browser's half is
`live_slider.js`.
"""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

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
    help: str = "",
    on_change: Callable[[float], None] | None = None,
) -> float:
    """The number chosen, on the grid `low`, `low + step`, … `high`.

    `value` is where the slider first stands; `st.session_state[key] = {"value": x}`, before drawing, moves it later.
    `on_change(number)` is called before the page runs again.
    """
    chosen = st.session_state.get(key) or {}
    current = _on_grid(chosen.get("value"), value, low, high, step)
    data = {"label": label, "help": help, "value": current, "low": low, "high": high, "step": step}
    data["digits"] = _digits(step)

    def changed() -> None:
        if on_change is not None:
            on_change(_on_grid(st.session_state[key].get("value"), value, low, high, step))

    _component(key=key, data=data, default={"value": current}, on_value_change=changed)
    return current


def _on_grid(asked: Any, otherwise: float, low: float, high: float, step: float) -> float:
    """The nearest value of the grid: a browser may send anything, and each value off it would be computed anew."""
    number = asked if isinstance(asked, int | float) and math.isfinite(asked) else otherwise
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
