"""How much of each past value can still be read from the hidden state, beside the window of an autoregression."""

from __future__ import annotations

from typing import Any, Literal

import pandas as pd
from pydantic import Field

from rnnviz.demonstrations import Demonstrated, LatentModels
from rnnviz.demonstrations.latent_models import READERS
from rnnviz.figures.demonstrations.figure import DemonstrationFigure, about
from rnnviz.figures.figure import FigureDict, packed
from rnnviz.figures.look import Look
from rnnviz.text import Text

ROWS = (1, 2, 3, 4, 5, 6, 8, 10, 13, 16, 19)  # lags of the table


class StateRecall(DemonstrationFigure):
    """The share of the variance of x_{T−k} that a linear reading of h_T explains, over k."""

    draws = LatentModels

    kind: Literal["state_recall"] = Field("state_recall", repr=False)

    def __call__(self, shown: Demonstrated, text: Text, look: Look) -> FigureDict:
        recall, words = shown.data["recall"], shown.demonstration.flat()
        strokes = {"window": (look.colour("elman"), "dash"), "latent": (look.colour("lstm"), "solid"),
                   "hybrid": (look.colour("gru"), "dot")}  # fmt: skip
        traces: list[dict[str, Any]] = [
            {
                "type": "scatter", "mode": "lines+markers", "name": text(f"figure.state_recall.{reader}", **words),
                "x": packed(recall["lag"].values), "y": packed(recall.sel(reader=reader).values), "marker": {"size": 6},
                "line": {"color": colour, "dash": dash, "width": 3}, "hovertemplate": "k = %{x}: %{y:.2f}<extra></extra>",
            }
            for reader, (colour, dash) in strokes.items()
        ]  # fmt: skip
        layout = look.layout(
            text("figure.state_recall.title"), about(shown.demonstration, text), uirevision="state_recall"
        ) | {
            "xaxis": look.axis(title={"text": text("figure.state_recall.x")}),
            "yaxis": look.axis(title={"text": text("figure.state_recall.y")}, range=[-0.05, 1.05]),
            "margin": {"l": 70, "r": 20, "t": 84, "b": 120},
            "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": -0.25, "yanchor": "top", "font": {"size": 14}},
        }  # fmt: skip
        return {"data": traces, "layout": layout}

    def reading(self, shown: Demonstrated, text: Text) -> str:
        recall, words = shown.data["recall"].clip(min=0), shown.demonstration.flat()
        beyond = int(str(words["tau"])) + 1
        said = {
            f"{reader}_{place}": f"{float(recall.sel(reader=reader, lag=lag)):.2f}"
            for reader in ("latent", "window")
            for place, lag in (("last", 1), ("beyond", beyond))
        }
        return text("sentence.state_recall", units=words["hidden_size"], beyond=beyond, **said)

    def table(self, shown: Demonstrated, text: Text) -> pd.DataFrame:
        wide = pd.DataFrame(shown.data["recall"].to_pandas().T).loc[list(ROWS), list(READERS)]
        names = {reader: text(f"figure.state_recall.{reader}", **shown.demonstration.flat()) for reader in READERS}
        return (
            wide.rename(columns=names)
            .map(lambda share: f"{share:.2f}")
            .rename_axis(columns=None)
            .rename_axis("k")
            .reset_index()
        )

    def data(self, shown: Demonstrated) -> pd.DataFrame:
        """A row for each reader and lag."""
        return shown.data["recall"].to_dataframe("explained_variance").reset_index()
