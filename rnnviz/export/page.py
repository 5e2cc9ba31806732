"""HTML that stands alone: the figure can be zoomed and read without a network, and asks for none."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

import orjson

from rnnviz.export import fonts
from rnnviz.export.format import Format
from rnnviz.export.picture import DemonstrationPicture, Drawn, Picture, Shown
from rnnviz.figures.look import FONT

# Plotly's mode bar has a button that uploads the figure. It goes; so does the logo, which is a link.
CONFIG = {"displaylogo": False, "responsive": True, "modeBarButtonsToRemove": ["sendChartToCloud"]}

# The button of a figure that is a film; the page of the dashboard takes it from here too.
PLAY = Path(__file__).with_name("play.js").read_text("utf-8")

# Nothing may be fetched and nothing sent, whatever is in the file.
POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; font-src data:"
)

PAGE = """<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="rnnviz {version}">
<meta name="description" content="{reading}">
<title>{title}</title>
<style>{fonts}
body {{ margin: 1rem; background: {paper}; color: {ink}; font-family: {family}; font-size: 1.1rem }}
#figure {{ width: 100%; height: {height}px }}
</style>
<script type="application/json" id="provenance">{provenance}</script>
<script>{plotly}</script>
</head>
<body>
<div id="figure" role="img" aria-label="{title}"></div>
<div id="film"></div>
<p>{reading}</p>
<script>
{play}
const figure = {figure}
const draw = async () =>
  withFilm(await Plotly.newPlot("figure", figure.data, figure.layout, {config}), document.getElementById("film"))
Promise.all([...document.fonts].map(face => face.load())).finally(draw) // other letters would be measured wrongly
</script>
</body>
</html>
"""


def page(picture: Shown | Drawn) -> bytes:
    figure = in_script(picture.figure)
    return PAGE.format(
        language=picture.language,
        policy=escape(POLICY),
        version=picture.provenance["version"],
        title=escape(picture.title),
        reading=escape(picture.reading),
        provenance=in_script(picture.provenance),
        fonts=fonts.css(figure + picture.reading),
        paper=picture.figure["layout"]["paper_bgcolor"],
        ink=picture.figure["layout"]["font"]["color"],
        family=FONT,
        height=picture.size[1],
        plotly=plotly_js(),
        play=PLAY,
        figure=figure,
        config=in_script(CONFIG),
    ).encode()


def in_script(value: Any) -> str:
    """JSON that cannot end the script it stands in."""
    return orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY).decode().replace("<", "\\u003c")


def plotly_js() -> str:
    import plotly

    return (Path(plotly.__file__).parent / "package_data" / "plotly.min.js").read_text("utf-8")


HTML = Format("html", "text/html", (Picture, DemonstrationPicture, Drawn), page)
