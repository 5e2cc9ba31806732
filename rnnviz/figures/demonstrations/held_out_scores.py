"""One held-out score for every model: how wrong, with how many weights."""

from __future__ import annotations

from typing import Any, Literal

import pandas as pd
from pydantic import Field

from rnnviz.demonstrations import Demonstrated, LatentModels
from rnnviz.demonstrations.model_per_length import LONGEST
from rnnviz.figures.demonstrations.figure import DemonstrationFigure, about
from rnnviz.figures.figure import FigureDict, packed
from rnnviz.figures.look import Look
from rnnviz.text import Text
from rnnviz.text.numbers import numeral


class HeldOutScores(DemonstrationFigure):
    """A bar for each model, the mean over all steps of new sequences; what it costs on those it learnt from is marked."""

    draws = LatentModels

    kind: Literal["held_out_scores"] = Field("held_out_scores", repr=False)

    def __call__(self, shown: Demonstrated, text: Text, look: Look) -> FigureDict:
        rows = self.data(shown)
        colours = {"latent": look.colour("lstm"), "hybrid": look.colour("gru"), "shared": look.colour("elman")}
        names = [self.name(model, shown, text) for model in rows["model"]]
        traces: list[dict[str, Any]] = [
            {
                "type": "bar", "orientation": "h", "y": names, "x": packed(rows["held_out_error"].to_numpy()),
                "name": text("figure.held_out_scores.held_out"), "showlegend": False,
                "marker": {"color": [colours.get(model, look.muted) for model in rows["model"]]},
                "text": [numeral(error) for error in rows["held_out_error"]], "textposition": "inside", "textangle": 0,
                "insidetextanchor": "start", "textfont": {"color": look.paper, "size": 14},
                "hovertemplate": "%{x:.3f}<extra></extra>",
            },
            {
                "type": "scatter", "mode": "markers", "y": names, "x": packed(rows["training_error"].to_numpy()),
                "name": text("figure.held_out_scores.training"), "hovertemplate": "%{x:.3f}<extra></extra>",
                "marker": {"symbol": "diamond", "size": 12, "color": look.paper, "line": {"color": look.ink, "width": 2}},
            },
            {
                "type": "scatter", "mode": "lines", "name": text("figure.error_by_length.best"), "hoverinfo": "skip",
                "x": packed(pd.Series([best(shown)] * 2).to_numpy()), "y": [names[0], names[-1]],
                "line": {"color": look.ink, "width": 2, "dash": "dash"},
            },
        ]  # fmt: skip
        layout = look.layout(
            text("figure.held_out_scores.title"), about(shown.demonstration, text), uirevision="held_out_scores"
        ) | {
            "xaxis": look.axis(title={"text": text("figure.error_ahead.y")}, rangemode="tozero"),
            "yaxis": look.axis(autorange="reversed"),
            "margin": {"l": 120, "r": 20, "t": 84, "b": 110},
            "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": -0.24, "yanchor": "top", "font": {"size": 14}},
        }  # fmt: skip
        return {"data": traces, "layout": layout}

    def name(self, model: str, shown: Demonstrated, text: Text) -> str:
        return text(f"figure.held_out_scores.{model}", **shown.demonstration.flat())

    def reading(self, shown: Demonstrated, text: Text) -> str:
        rows = self.data(shown)
        scores: dict[str, float] = rows.set_index("model")["held_out_error"].to_dict()  # type: ignore[assignment]
        first = min(scores, key=lambda model: scores[model])
        said = {model: numeral(score) for model, score in scores.items()}
        winner = self.name(first, shown, text).replace("<br>", " ")
        return text(
            "sentence.held_out_scores", winner=winner, score=said[first], latent=said["latent"],
            hybrid=said["hybrid"], best=numeral(best(shown)),
        )  # fmt: skip

    def table(self, shown: Demonstrated, text: Text) -> pd.DataFrame:
        rows = self.data(shown)
        past = {"mean": "0", "markov": "1", "shared": str(shown.demonstration.flat()["tau"])}
        columns = {
            "model": [self.name(model, shown, text).replace("<br>", " ") for model in rows["model"]],
            "sees": [past.get(model, text("figure.held_out_scores.all")) for model in rows["model"]],
            "weights": rows["weights"].astype(int).tolist(),
            "training": rows["training_error"].map(numeral).tolist(),
            "held_out": rows["held_out_error"].map(numeral).tolist(),
        }
        return pd.DataFrame(columns).rename(columns={one: text(f"figure.held_out_scores.{one}") for one in columns})

    def data(self, shown: Demonstrated) -> pd.DataFrame:
        """A row for each model."""
        data = shown.data
        return pd.DataFrame(
            {
                "model": data["model"].values,
                "weights": data["weights"].values,
                "training_error": data["training_error"].values,
                "held_out_error": data["held_out_error"].mean("time").values,
            }
        )


def best(shown: Demonstrated) -> float:
    """Of every forecast there could be, in the mean over all steps."""
    return float(shown.data["best_error"].values.sum()) / LONGEST
