"""What is seen in a curve, as numbers and as a sentence: how much is kept, and from where on training would see zero."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from rnnviz.figures import lens
from rnnviz.figures.figure import Result, Results, power_of_ten
from rnnviz.figures.lens import Lost
from rnnviz.text import Text

ROSE = 0.7  # decades above both ends: a rise worth a sentence
KEPT_WELL, GROWN = -3.0, 1.0  # decades over the whole sequence: "carries on" above the one, "explodes" above the other


class Survival(NamedTuple):
    """One curve from the loss back to its far end, in decades; `steps` is how far back it goes."""

    kept: float
    steps: int
    lost: dict[str, Lost]  # by format, where on the way back
    outcome: str
    overflow_time: int
    peak: float = 0.0  # decades above the start
    peak_at: int = 0  # steps back

    @property
    def per_step(self) -> float:
        return self.kept / self.steps if self.steps else np.nan


def curve_of(data: xr.Dataset, quantity: str, part: str = "state") -> np.ndarray:
    """The median curve against lag 0, 1, 2, …: log₁₀ norm (lag,). Empty where there is no gradient."""
    if quantity == "jacobian":
        return data.jacobian_norm.values
    return flow_of(data, part, "median")[::-1]


def flow_of(data: xr.Dataset, part: str, band: str) -> np.ndarray:
    """One edge of one curve against time (time,); empty where there is no gradient or no such part."""
    flow = data.variables["gradient_flow"].values  # a plain array: xarray's own selection costs a hundred times as much
    parts, bands = data.variables["part"].values.tolist() if flow.size else [], data.variables.get("band")
    if part not in parts or bands is None:
        return np.empty(0)
    return flow[parts.index(part), bands.values.tolist().index(band)]


def survival(result: Result, quantity: str, part: str = "state") -> Survival:
    curve = curve_of(result.data, quantity, part)
    attributes = result.data.attrs
    started = np.flatnonzero(np.isfinite(curve))
    curve = curve[started[0] :] if len(started) else curve[:0]  # a loss at an earlier step leaves zeros after it
    kept = float(curve[-1] - curve[0]) if len(curve) else np.nan
    peak_at = int(np.argmax(curve)) if len(curve) else 0
    peak = float(curve[peak_at] - curve[0]) if len(curve) else 0.0
    outcome, time = attributes["outcome"], attributes["overflow_time"]
    return Survival(kept, max(len(curve) - 1, 0), lens.lost(curve), outcome, time, peak, peak_at)


def name_of(result: Result, text: Text) -> str:
    cell = result.experiment.cell
    return text(
        "sentence.curve",
        cell=text(f"option.cell.{cell.kind}.inline"),
        activation=text(f"option.activation.{cell.activation}.label"),
    )


def reading(results: Results, quantity: str, part: str, text: Text) -> str:
    """One to three sentences about the curves on screen, from their own arrays."""
    seen = {name: survival(result, quantity, part) for name, result in results.items()}
    finite = {name: s for name, s in seen.items() if not np.isnan(s.kept)}
    said = [overflow(results[name], s, text) for name, s in seen.items() if s.outcome == "diverged"]
    if finite:
        weakest = min(finite, key=lambda name: finite[name].kept)
        strongest = max(finite, key=lambda name: finite[name].kept)
        steadiest = min(finite, key=lambda name: abs(finite[name].kept))
        highest = max(finite, key=lambda name: finite[name].peak - max(finite[name].kept, 0.0))
        if finite[highest].peak - max(finite[highest].kept, 0.0) > ROSE:
            said.append(rise(results[highest], finite[highest], text))
        chosen = [weakest, steadiest] + ([strongest] if finite[strongest].kept > GROWN else [])
        for name in dict.fromkeys(chosen):
            said.append(sentence(results[name], finite[name], quantity, text))
            if name == weakest:  # which loses it first in every format
                said.append(lens.in_words(finite[name].lost, text))
    return " ".join(filter(None, said))


def overflow(result: Result, s: Survival, text: Text) -> str:
    kind = "overflow" if np.isnan(s.kept) else "overflow_later"
    return text(f"sentence.{kind}", curve=name_of(result, text), time=s.overflow_time, dtype=result.experiment.dtype)


def rise(result: Result, s: Survival, text: Text) -> str:
    """A curve that grows before it falls."""
    curve = name_of(result, text)
    return text("sentence.rise", curve=curve, peak=power_of_ten(s.peak), at=s.peak_at, kept=power_of_ten(s.kept))


def sentence(result: Result, s: Survival, quantity: str, text: Text) -> str:
    kind = "grows" if s.kept > GROWN else "keeps" if s.kept > KEPT_WELL else "loses"
    return text(f"sentence.{quantity}.{kind}", curve=name_of(result, text), kept=power_of_ten(s.kept), steps=s.steps)


def table(results: Results, quantity: str, part: str, text: Text) -> pd.DataFrame:
    """The figure's twin in numbers: a row per curve."""
    rows = []
    for result in results.values():
        s, cell = survival(result, quantity, part), result.experiment.cell
        rows.append(
            {
                text("table.cell"): text(f"option.cell.{cell.kind}.label"),
                text("table.activation"): text(f"option.activation.{cell.activation}.label"),
                text("table.kept"): power_of_ten(s.kept),
                text("table.per_step"): f"{10**s.per_step:.4f}"
                if not np.isnan(s.per_step) and np.isfinite(s.per_step)
                else "—",
                **{text("table.lost", dtype=dtype): lens.in_cell(one) for dtype, one in s.lost.items()},
                text("table.outcome"): text(f"outcome.{s.outcome}", time=s.overflow_time, dtype=result.experiment.dtype)
                if s.outcome == "diverged"
                else text(f"outcome.{s.outcome}"),
            }
        )
    return pd.DataFrame(rows)


__all__ = ["Survival", "curve_of", "reading", "survival", "table"]
