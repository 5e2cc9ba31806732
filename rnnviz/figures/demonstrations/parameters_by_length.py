"""How many parameters a model per length has, and how much of the data is left for each, as the past grows."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from rnnviz.demonstrations import Demonstrated, ModelPerLength
from rnnviz.demonstrations.model_per_length import LONGEST
from rnnviz.demonstrations.sequence_data import CHARACTERS
from rnnviz.figures.demonstrations.chain_rule_graph import chosen
from rnnviz.figures.demonstrations.figure import DemonstrationFigure, about
from rnnviz.figures.figure import FigureDict, packed
from rnnviz.figures.look import Look
from rnnviz.text import Text
from rnnviz.text.numbers import numeral

KINDS = ("table", "naive", "shared")
HIGHEST = 12  # decades of the axis; the table goes on to 10³⁹


class ParametersByLength(DemonstrationFigure):
    """Above: parameters of all models up to t. Below: values to fit them on, for each parameter of the model of length t."""

    draws = ModelPerLength

    kind: Literal["parameters_by_length"] = Field("parameters_by_length", repr=False)

    def __call__(self, shown: Demonstrated, text: Text, look: Look) -> FigureDict:
        rows, words = self.data(shown), shown.demonstration.flat()
        strokes = {"table": (look.of_several(0), "dashdot"), "naive": (look.colour("lstm"), "solid"),
                   "shared": (look.colour("elman"), "dash")}  # fmt: skip
        traces: list[dict[str, Any]] = [
            {
                "type": "scatter", "mode": "lines", "x": packed(some["t"].to_numpy()), "y": packed(some[column].to_numpy()),
                "name": text(f"figure.parameters_by_length.{kind}", **words), "legendgroup": kind, "showlegend": first,
                "line": {"color": strokes[kind][0], "dash": strokes[kind][1], "width": 3},
                "xaxis": "x", "yaxis": "y" if first else "y2", "hovertemplate": "t = %{x}: %{y:.3g}<extra></extra>",
            }
            for column, first in (("log10_parameters", True), ("log10_data", False))
            for kind in KINDS for some in [rows[rows["model"] == kind]]
        ]  # fmt: skip
        powers = {
            "tickvals": list(range(-12, 13, 3)),
            "ticktext": [f"10<sup>{k}</sup>" if k else "1" for k in range(-12, 13, 3)],
        }
        lines = [
            {"type": "line", "x0": chosen(shown), "x1": chosen(shown), "yref": "paper", "y0": 0, "y1": 1,
             "line": {"color": look.muted, "width": 1.5, "dash": "dot"}},
            {"type": "line", "x0": 1, "x1": LONGEST, "yref": "y2", "y0": 0, "y1": 0,
             "line": {"color": look.muted, "width": 1.5}},
        ]  # fmt: skip
        layout = look.layout(
            text("figure.parameters_by_length.title"), about(shown.demonstration, text), uirevision="parameters_by_length"
        ) | {
            "xaxis": look.axis(title={"text": text("figure.parameters_by_length.x")}, anchor="y2",
                               range=[0.5, LONGEST + 0.5]),
            "yaxis": look.axis(title={"text": text("figure.parameters_by_length.y")}, domain=[0.56, 1],
                               range=[-0.5, HIGHEST], **powers),
            "yaxis2": look.axis(title={"text": text("figure.parameters_by_length.y2")}, domain=[0, 0.44],
                                range=[-HIGHEST, 5], **powers),
            "margin": {"l": 76, "r": 20, "t": 84, "b": 130},
            "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": -0.2, "yanchor": "top", "font": {"size": 14}},
            "shapes": lines,
        }  # fmt: skip
        return {"data": traces, "layout": layout}

    def reading(self, shown: Demonstrated, text: Text) -> str:
        t = chosen(shown)
        rows = self.data(shown).set_index(["model", "t"])["log10_data"].to_dict()
        said = {kind: numeral(10 ** rows[kind, t]) for kind in KINDS}
        seen = f"{float(shown.data['context_seen'].sel(time=t)):.2f}"
        return text("sentence.parameters_by_length", t=t, before=t - 1, seen=seen, **said)

    def table(self, shown: Demonstrated, text: Text) -> pd.DataFrame:
        """Parameters of each model, at some lengths."""
        rows = self.data(shown).assign(
            parameters=lambda rows: rows["log10_parameters"].map(lambda one: numeral(10**one))
        )
        wide = rows.pivot(index="t", columns="model", values="parameters")[list(KINDS)].iloc[
            [0, 1, 2, 3, 4, 5, 7, 9, 14, 19]
        ]
        words = shown.demonstration.flat()
        names = {kind: text(f"figure.parameters_by_length.{kind}", **words) for kind in KINDS}
        return wide.rename(columns=names).rename_axis(columns=None).reset_index()

    def data(self, shown: Demonstrated) -> pd.DataFrame:
        """A row for each model and length. Of a table, the data are the characters of the text; else sequences, or steps."""
        words, t = shown.demonstration.flat(), shown.data["time"].values
        letters, examples, past = (int(str(words[name])) for name in ("alphabet", "examples", "tau"))
        own = {
            "table": (t - 1) * np.log10(letters) + np.log10(letters - 1),
            "naive": np.log10(t),
            "shared": np.log10(np.minimum(t, past + 1)),
        }
        together = {
            "table": np.log10(letters) * t + np.log10(-np.expm1(-np.log(letters) * t)),  # Σ (K − 1) K^{s−1} = K^t − 1
            "naive": np.log10(t * (t + 1) / 2),
            "shared": own["shared"],
        }
        steps = LONGEST - np.minimum(t - 1, past)  # at which the shared weights see an example
        data = {"table": np.log10(CHARACTERS), "naive": np.log10(examples), "shared": np.log10(examples * steps)}
        parts = [
            pd.DataFrame(
                {"model": kind, "t": t, "log10_parameters": together[kind], "log10_data": data[kind] - own[kind]}
            )
            for kind in KINDS
        ]
        return pd.concat(parts, ignore_index=True)
