"""What counting n characters costs per character, for every n, beside networks that need no n."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from rnnviz.demonstrations import Demonstrated, LanguageModels
from rnnviz.figures.demonstrations.figure import DemonstrationFigure
from rnnviz.figures.figure import FigureDict, packed
from rnnviz.figures.look import Look
from rnnviz.text import Text
from rnnviz.text.numbers import numeral


class PerplexityOverN(DemonstrationFigure):
    """Two curves over n, on held-out text and on the text learnt from; each network is a level line."""

    draws = LanguageModels

    kind: Literal["perplexity_over_n"] = Field("perplexity_over_n", repr=False)

    def __call__(self, shown: Demonstrated, text: Text, look: Look) -> FigureDict:
        data = shown.data
        orders = data["n"].values
        strokes = {"held_out": (look.colour("elman"), "solid"), "learnt": (look.muted, "dot")}
        traces: list[dict[str, Any]] = [
            {
                "type": "scatter", "mode": "lines+markers", "name": text(f"figure.perplexity_over_n.{of}"),
                "x": packed(orders), "y": packed(data["perplexity"].sel(of_text=of).values), "marker": {"size": 7},
                "line": {"color": strokes[of][0], "dash": strokes[of][1], "width": 3},
                "hovertemplate": "n = %{x}: %{y:.2f}<extra></extra>",
            }
            for of in data["of_text"].values
        ]  # fmt: skip
        colours = {"lstm": look.colour("lstm"), "one_hot": look.of_several(0), "embedded": look.of_several(2)}
        dashes = {"lstm": "solid", "one_hot": "dash", "embedded": "dashdot"}
        traces += [
            {
                "type": "scatter", "mode": "lines", "name": text(f"figure.perplexity_over_n.{name}"),
                "x": packed(orders[[0, -1]]), "y": packed(np.repeat(float(paid), 2)),
                "line": {"color": colours[name], "dash": dashes[name], "width": 2.5},
                "hovertemplate": "%{y:.2f}<extra></extra>",
            }
            for name, paid in zip(data["network"].values, data["network_perplexity"].values, strict=True)
            if np.isfinite(paid)
        ]  # fmt: skip
        layout = look.layout(
            text("figure.perplexity_over_n.title"), subtitle(shown, text), uirevision="perplexity_over_n"
        ) | {
            "xaxis": look.axis(title={"text": text("figure.perplexity_over_n.x")}, dtick=1),
            "yaxis": look.axis(title={"text": text("figure.perplexity_over_n.y")}, type="log",
                               tickvals=[1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]),  # in full: plotly says 2 for 20
            "margin": {"l": 70, "r": 20, "t": 84, "b": 170},
            "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": -0.28, "yanchor": "top", "font": {"size": 14}},
        }  # fmt: skip
        return {"data": traces, "layout": layout}

    def reading(self, shown: Demonstrated, text: Text) -> str:
        held_out = shown.data["perplexity"].sel(of_text="held_out")
        best = int(held_out["n"].values[held_out.values.argmin()])
        networks = shown.data["network_perplexity"].values
        return text(
            "sentence.perplexity_over_n", best=best, counted=numeral(float(held_out.min())),
            network=numeral(float(np.nanmin(networks))), longest=int(held_out["n"].values[-1]),
            far=numeral(float(held_out[-1])),
        )  # fmt: skip

    def table(self, shown: Demonstrated, text: Text) -> pd.DataFrame:
        """A row for each n, and one for each network."""
        data = shown.data
        names = [f"n = {n}" for n in data["n"].values]
        names += [text(f"figure.perplexity_over_n.{name}") for name in data["network"].values]
        held_out, learnt = (data["perplexity"].sel(of_text=of).values for of in ("held_out", "learnt"))
        blank = ["—"] * data.sizes["network"]
        sizes = [numeral(size) if np.isnan(size) else str(int(size)) for size in data["network_size"].values]
        return pd.DataFrame(
            {
                text("table.model"): names,
                text("figure.perplexity_over_n.y"): [
                    numeral(v) for v in (*held_out, *data["network_perplexity"].values)
                ],
                text("table.on_learnt"): [*(numeral(v) for v in learnt), *blank],
                text("table.learnt_numbers"): [*(str(int(k)) for k in data["contexts"].values), *sizes],
            }
        )

    def data(self, shown: Demonstrated) -> pd.DataFrame:
        """A row for each n and text, then one for each network, whose n is empty."""
        counted = shown.data["perplexity"].to_dataframe().reset_index().assign(model="ngram")
        networks = shown.data["network_perplexity"].to_dataframe("perplexity").reset_index()
        return pd.concat([counted, networks.rename(columns={"network": "model"}).assign(of_text="held_out")])


def subtitle(shown: Demonstrated, text: Text) -> str:
    """Which text; of the demonstration's other words a hash would say nothing."""
    words = shown.demonstration.flat()
    return f"{text('option.training_text.' + str(words['training_text']) + '.label')} · U = {words['updates']}"
