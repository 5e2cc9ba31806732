"""Which layer loses what: the gradient of every layer of one network on its way back through time."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from pydantic import Field

from rnnviz.choice import Choice
from rnnviz.figures import decades, lens, units
from rnnviz.figures.figure import FigureDict, Result, Results, power_of_ten
from rnnviz.figures.lens import PrecisionsName
from rnnviz.figures.look import Look
from rnnviz.figures.survival import name_of
from rnnviz.text import Text

DASHES = ("solid", "dash", "dot", "dashdot")  # from the top layer down
OPACITIES = (1.0, 0.85, 0.75, 0.65)
SYMBOLS = {"state": "s", "hidden_state": "h", "cell_state": "c"}


class Way(NamedTuple):
    """One layer's median curve between the loss and the first step, in decades; `steps` is how far back that is."""

    start: float
    end: float
    steps: int

    @property
    def kept(self) -> float:
        return self.end - self.start


class LayerGradient(Choice):
    """log₁₀ ‖∂ℓ/∂h_t‖ of each layer against time (or of c, or each layer's part of the whole state), top layer full.

    As curves and not as a depth × time map: with four layers at most, decades are read off lines, and the difference
    between two layers is a distance.
    """

    kind: Literal["layer_gradient"] = Field("layer_gradient", repr=False)
    part: Literal["state", "hidden_state", "cell_state"] = "hidden_state"
    precisions: PrecisionsName = "common"

    @property
    def needs(self) -> tuple[str, ...]:
        return ("layer_gradient",)

    def part_of(self, result: Result) -> str:
        """What was asked for if the cell has it."""
        return self.part if self.part != "cell_state" or result.experiment.cell.has_cell_state else "hidden_state"

    def curves(self, result: Result) -> np.ndarray:
        """(layer, band, time), decades; no layer where there is no gradient."""
        flow = result.data["layer_gradient"]
        if not flow.size:
            return np.empty((0, 3, 0))
        return flow.sel(part=self.part_of(result)).transpose("layer", "band", "time").values

    def __call__(self, results: Results, text: Text, look: Look) -> FigureDict:
        _, result = units.first(results)
        curves, part = self.curves(result), self.part_of(result)
        traces = [trace for layer in reversed(range(len(curves))) for trace in self.layer(result, layer, text, look)]
        title = text("figure.layer_gradient.title", curve=name_of(result, text))
        layout = look.layout(title, units.subtitle(result, None, text), uirevision=f"layers-{part}")
        layout |= decades.decade_axes([curves], text("figure.units.time"), text, look, self.precisions)
        layout["annotations"].append(
            {"xref": "paper", "x": 0, "xanchor": "right", "yref": "paper", "y": 1, "yanchor": "bottom", "yshift": 8,
             "xshift": 24, "showarrow": False, "text": f"‖∂ℓ/∂<i>{SYMBOLS[part]}</i><sub>t</sub>‖", "font": {"size": 17}}
        )  # fmt: skip
        return {"data": traces, "layout": layout}

    def layer(self, result: Result, layer: int, text: Text, look: Look) -> list[dict[str, Any]]:
        """The band and the median of one layer; an exact zero is a gap."""
        of_all, colour = self.curves(result), look.colour(result.experiment.cell.kind)
        from_top = len(of_all) - 1 - layer
        name = text("figure.units.layer", layer=layer + 1)
        time, group = np.arange(1, of_all.shape[-1] + 1), {"legendgroup": name}
        edge = {"line": {"width": 0}, "hoverinfo": "skip", "showlegend": False, **group}
        fill = {"fill": "tonexty", "fillcolor": look.faint(colour, 0.10)}
        low, median, high = of_all[layer]
        stroke = {"color": look.faint(colour, OPACITIES[from_top]), "dash": DASHES[from_top], "width": 3}
        hover = f"{name}<br>t = %{{x}}: 10<sup>%{{y:.2f}}</sup><extra></extra>"
        return [
            decades.line(time, low, **edge), decades.line(time, high, **edge, **fill),
            decades.line(time, median, name=name, line=stroke, hovertemplate=hover, showlegend=True, **group),
        ]  # fmt: skip

    def ways(self, result: Result) -> dict[int, Way | None]:
        """By layer from 1, the top one first; None for a layer that no gradient reaches."""
        curves = self.curves(result)
        return {layer + 1: way(curves[layer, 1]) for layer in reversed(range(len(curves)))}

    def reading(self, results: Results, text: Text) -> str:
        _, result = units.first(results)
        ways = self.ways(result)
        if not ways:
            return units.overflowed(result, text)
        curve, parts = name_of(result, text), [self.part_in_words(k, found, text) for k, found in ways.items() if found]
        said = [text("sentence.layer_gradient.kept", curve=curve, parts=", ".join(parts))] if parts else []
        said += [
            text("sentence.layer_gradient.none", curve=curve, layer=layer) for layer, found in ways.items() if not found
        ]
        top, lowest = ways[max(ways)], ways[1]
        if len(ways) > 1 and top and lowest and np.isfinite(top.end) and np.isfinite(lowest.end):
            ratio = power_of_ten(lowest.end - top.end)
            said.append(text("sentence.layer_gradient.depth", ratio=ratio, top=max(ways)))
        said.append(self.lost_in_words(result, text))
        return " ".join(filter(None, said))

    def lost_in_words(self, result: Result, text: Text) -> str:
        """Of the layer whose gradient is the smallest at the first step, or gone the soonest."""
        medians = self.curves(result)[:, 1]
        smallest = min(medians, key=lambda median: (median[0], int(np.isfinite(median).sum())))
        return lens.in_words(lens.of_way_back(smallest), text)

    def part_in_words(self, layer: int, found: Way, text: Text) -> str:
        way = "grown" if found.kept > 0.01 else "part"
        return text(f"sentence.layer_gradient.{way}", layer=layer, kept=power_of_ten(found.kept), steps=found.steps)

    def table(self, results: Results, text: Text) -> pd.DataFrame:
        """A row per layer, the top one first."""
        _, result = units.first(results)
        rows = []
        for layer, found in self.ways(result).items():
            start, end, kept = (found.start, found.end, found.kept) if found else (-np.inf, -np.inf, np.nan)
            per_step = 10 ** (kept / found.steps) if found and found.steps else np.nan
            rows.append(
                {
                    text("table.layer"): str(layer),
                    text("table.at_loss"): power_of_ten(start),
                    text("table.at_first"): power_of_ten(end),
                    text("table.kept"): power_of_ten(kept),
                    text("table.per_step"): f"{per_step:.4f}" if np.isfinite(per_step) else "—",
                }
            )
        return pd.DataFrame(rows)

    def data(self, results: Results) -> pd.DataFrame:
        name, result = units.first(results)
        curves = self.curves(result)
        layers, _, steps = curves.shape
        columns = {f"log10_{edge}": curves[:, k].ravel() for k, edge in enumerate(("low", "median", "high"))}
        of_layer, at = np.repeat(np.arange(1, layers + 1), steps), np.tile(np.arange(1, steps + 1), layers)
        return pd.DataFrame({"curve": name, "part": self.part_of(result), "layer": of_layer, "time": at, **columns})


def way(median: np.ndarray) -> Way | None:
    """From the last step that has a gradient, which is where the loss is, back to the first step."""
    there = np.flatnonzero(np.isfinite(median))
    return Way(float(median[there[-1]]), float(median[0]), int(there[-1])) if len(there) else None
