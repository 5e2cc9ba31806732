"""A figure on the page that stays where the viewer put it.

Streamlit's own chart is built anew whenever its data change: zoom, pan and hidden curves are lost, and it takes
0.24–0.30 s. This one hands the new figure to `Plotly.react`, which changes the chart that is there in 0.1 s.
The browser's half is `plot.js`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import streamlit as st

from rnnviz.export.page import PLAY
from rnnviz.ui.shelf import PLOTLY_URL

HTML = """
<figure class="rnnviz-plot">
  <div class="scroller"><div class="canvas" role="img"></div></div>
  <output class="badge" hidden></output>
  <p class="failure" role="alert" hidden></p>
  <figcaption>
    <span class="note"></span>
    <button type="button" data-format="svg">SVG</button>
    <button type="button" data-format="png">PNG</button>
  </figcaption>
</figure>
"""


@dataclass(frozen=True)
class Click:
    """A point the viewer clicked: its place on the axes, and which curve of the figure's data."""

    x: float | str
    curve: int
    y: float | str = ""


def plot(
    figure: Mapping[str, Any],
    key: str,
    height: int,
    alt: str,
    *,
    words: Mapping[str, str],
    file_name: str,
    stale: bool = False,
    note: str = "",
    on_click: Callable[[Click], None] | None = None,
    min_width: int = 0,
) -> None:
    """Draw a figure: a dict {data, layout} with colours of its own, its arrays as base64 {dtype, bdata, shape}.

    key        stays the same for the same figure, and so keeps its zoom; a layout with another `uirevision` lets it go
    alt        what the figure shows, for whoever does not see it
    words      "computing", "save_svg", "save_png", "load_failed", in the reader's language
    file_name  of a saved picture, without its ending; the viewer's own browser makes it
    stale      the figure is of an earlier setting: dimmed, and marked "computing"
    note       a line under the figure: what it was computed for
    on_click   called with a point that was clicked, before the page runs again
    min_width  pixels below which the figure is scrolled sideways rather than squeezed
    """
    if not hasattr(st.components, "v2"):
        _plain(figure, key, height)
        return
    data = {
        # As text: orjson writes NaN as null, which the browser can read, and the browser compares two figures by it.
        "figure": orjson.dumps(figure, option=orjson.OPT_SERIALIZE_NUMPY).decode(),
        "plotly": PLOTLY_URL,
        "height": height,
        "alt": alt,
        "words": dict(words),
        "file_name": file_name,
        "stale": stale,
        "note": note,
        "clickable": on_click is not None,
        "min_width": min_width,
    }

    def clicked() -> None:
        point = st.session_state[key].get("clicked")
        if on_click is not None and point:
            on_click(Click(point["x"], point["curve"], point["y"]))

    _component(key=key, data=data, on_clicked_change=clicked)


def _plain(figure: Mapping[str, Any], key: str, height: int) -> None:
    """Streamlit's own chart, where it has no components of this kind."""
    config = {"displaylogo": False, "modeBarButtonsToRemove": ["sendChartToCloud"]}
    st.plotly_chart(dict(figure), key=key, height=height, theme=None, config=config)


def _beside(name: str) -> str:
    return Path(__file__).with_name(name).read_text("utf-8")


# With styles of its own Plotly would not find the ones it writes for its tool bar, hence no isolation.
_component = st.components.v2.component(
    "rnnviz_plot", html=HTML, css=_beside("plot.css"), js=PLAY + _beside("plot.js"), isolate_styles=False
)
