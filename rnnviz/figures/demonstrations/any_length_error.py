"""What three models cost on sequences of every length, beside the longest that they were fitted on."""

from __future__ import annotations

from typing import Literal

import pandas as pd
from pydantic import Field

from rnnviz.demonstrations import AnyLength, Demonstrated
from rnnviz.demonstrations.any_length import LONGEST
from rnnviz.figures.demonstrations.figure import DemonstrationFigure, about
from rnnviz.figures.figure import FigureDict, packed
from rnnviz.figures.look import Look
from rnnviz.text import Text
from rnnviz.text.numbers import numeral

DASHES = {"this_step": "dot", "fixed_input": "dash", "recurrent": "solid"}


class AnyLengthError(DemonstrationFigure):
    """Error over length, as a share of what it costs to answer 0."""

    draws = AnyLength

    kind: Literal["any_length_error"] = Field("any_length_error", repr=False)

    def __call__(self, shown: Demonstrated, text: Text, look: Look) -> FigureDict:
        error, inputs = shown.data["error"], int(shown.demonstration.flat()["inputs"])
        colours = {"this_step": look.muted, "fixed_input": look.colour("elman"), "recurrent": look.colour("lstm")}
        traces = [
            {
                "type": "scatter", "mode": "lines+markers", "name": text(f"figure.any_length.{model}", inputs=inputs),
                "x": packed(error["length"].values), "y": packed(error.sel(model=model).values),
                "line": {"color": colours[model], "dash": dash, "width": 3}, "marker": {"size": 5},
                "hovertemplate": "t = %{x}: %{y:.3f}<extra></extra>",
            }
            for model, dash in DASHES.items()
        ]  # fmt: skip
        layout = look.layout(
            text("figure.any_length.title"), about(shown.demonstration, text), uirevision="any_length"
        ) | {
            "xaxis": look.axis(title={"text": text("figure.any_length.x")}),
            "yaxis": look.axis(title={"text": text("figure.any_length.y")}, range=[-0.04, 1.08]),
            "margin": {"l": 70, "r": 20, "t": 84, "b": 130},
            "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": -0.3, "yanchor": "top", "font": {"size": 14}},
            "shapes": [{"type": "line", "x0": inputs, "x1": inputs, "yref": "y domain", "y0": 0, "y1": 1,
                        "line": {"color": look.muted, "width": 1.5, "dash": "dot"}}],
        }  # fmt: skip
        return {"data": traces, "layout": layout}

    def reading(self, shown: Demonstrated, text: Text) -> str:
        error, inputs = shown.data["error"], int(shown.demonstration.flat()["inputs"])
        at = error.sel(length=int(error["length"].values[-1]))
        said = {model: numeral(float(at.sel(model=model)), 2) for model in DASHES}
        return text("sentence.any_length", inputs=inputs, length=int(at["length"]), **said)

    def table(self, shown: Demonstrated, text: Text) -> pd.DataFrame:
        inputs = int(shown.demonstration.flat()["inputs"])
        wide = pd.DataFrame(shown.data["error"].to_pandas().T).iloc[[*range(0, LONGEST, 3), LONGEST - 1]]
        names = {model: text(f"figure.any_length.{model}", inputs=inputs) for model in DASHES}
        return wide.rename(columns=names).map(lambda share: f"{share:.3f}").rename_axis("t").reset_index()

    def data(self, shown: Demonstrated) -> pd.DataFrame:
        """A row for each model and length."""
        return shown.data["error"].to_dataframe("relative_error").reset_index()
