"""What a run only wrote down, by doing every step over: `Cell.step` in float64 from the state before."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
import xarray as xr

from rnnviz.diagnostics.activation_totals import reach_of
from rnnviz.diagnostics.squashing import SATURATED
from rnnviz.verification.check import Check, Compared
from rnnviz.verification.gradients import roundings
from rnnviz.verification.replay import Replay

ROUTE = "step"


def of_one_step(replay: Replay) -> float:
    """A step adds up what comes in and the state, and squashes it, which makes no error larger."""
    return replay.size + replay.inputs.shape[-1] + 2.0


def redone(replay: Replay, columns: torch.Tensor | None = None) -> dict[str, np.ndarray]:
    """Every gate and state anew, (layer, time, example, unit)."""
    found: dict[str, list[np.ndarray]] = {}
    for t in range(1, replay.time + 1):
        step = replay.step(t, columns)
        gates = torch.stack(step.gates).detach()  # (layer, gate, example, unit)
        of_step = {name: gates[:, k] for k, name in enumerate(replay.cell.gate_names)}
        of_step["hidden_state"] = torch.stack(step.hidden).detach()
        if step.cells:
            of_step["cell_state"] = torch.stack(step.cells).detach()
        for name, values in of_step.items():
            found.setdefault(name, []).append(values.numpy())
    return {name: np.stack(values, 1) for name, values in found.items()}


def unit_activity(shown: xr.DataArray, replay: Replay) -> Iterator[Compared]:
    if not shown.size:
        return
    values = redone(replay, torch.tensor([replay.example]))
    units, steps = shown["kept_unit"].values - 1, shown["kept_time"].values - 1
    found = np.stack(
        [values[str(name)][:, :, 0][:, steps][..., units].swapaxes(1, 2) for name in shown["variable"].values]
    )
    yield Compared("unit_activity", ROUTE, shown.values, found, of_one_step(replay), carried="float32")


def unit_spread(shown: xr.DataArray, replay: Replay) -> Iterator[Compared]:
    """The mean and the band over units; how many are saturated is counted, and a unit at the limit may count either way."""
    if not shown.size:
        return
    values, steps = redone(replay, torch.tensor([replay.example])), shown["kept_time"].values - 1
    chosen = np.stack([values[str(name)][:, steps, 0] for name in shown["variable"].values])
    low, high = np.quantile(chosen, [0.1, 0.9], axis=-1)
    found = np.stack([low, chosen.mean(-1), high], 1)
    of_units = shown.sel(spread=["low", "mean", "high"]).values
    yield Compared("unit_spread", ROUTE, of_units, found, of_one_step(replay), carried="float32")


def keeping_gate(shown: xr.DataArray, replay: Replay) -> Iterator[Compared]:
    if shown.size and replay.cell.keeping_gate:
        gate = redone(replay)[replay.cell.keeping_gate]
        found = np.stack([gate.mean((1, 2)), np.log(gate).mean((1, 2))])
        yield Compared("keeping_gate", ROUTE, shown.values, found, of_one_step(replay))


def gate_product(shown: xr.DataArray, replay: Replay) -> Iterator[Compared]:
    if not shown.size or not replay.cell.keeping_gate:
        return
    gate = redone(replay, torch.tensor([replay.example]))[replay.cell.keeping_gate][:, :, 0]  # (layer, time, unit)
    with np.errstate(divide="ignore"):
        logs = np.cumsum(np.log10(gate[:, ::-1]), 1)
    paths = np.concatenate([np.zeros_like(logs[:, :1]), logs], 1)
    found = np.sort(paths, -1)[..., np.rint(np.array([0.1, 0.5, 0.9, 1.0]) * (paths.shape[-1] - 1)).astype(int)]
    # A gate that is nearly shut is small, and so is its error: each factor is known to the roundings of its own a_t.
    yield Compared(
        "gate_product", ROUTE, shown.values, np.moveaxis(found, -1, 0), roundings(replay), "log10", amplified=4.0
    )


# — of φ —


def slopes(replay: Replay) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """By place: what φ receives and φ' there by autograd of φ, (layer, time, example, unit)."""
    linear = replay.cell.model_copy(update={"activation": "identity"})
    at = replay.cell.gate_names.index("candidate")
    received: dict[str, list[torch.Tensor]] = {"candidate": []}
    for t in range(1, replay.time + 1):
        x, of_step = replay.inputs[t - 1], []
        flats = zip(replay.layers, replay.states[t - 1].chunk(replay.cell.layers, -1), strict=True)
        after = replay.states[t].chunk(replay.cell.layers, -1)
        for (own, before), now in zip(flats, after, strict=True):
            of_step.append(linear.step(own, x, linear.state(before))[1][at])
            x = replay.cell.state(now).hidden_state
        received["candidate"].append(torch.stack(of_step))
        if replay.cell.has_cell_state:
            cells = [replay.cell.state(now).cell_state for now in after]
            received.setdefault("output", []).append(torch.stack([cell for cell in cells if cell is not None]))
    found = {}
    with torch.enable_grad():
        for place, values in received.items():
            a = torch.stack(values, 1).requires_grad_()
            (slope,) = torch.autograd.grad(replay.cell.phi.function(a).sum(), a)
            found[place] = (a.detach().numpy(), slope.numpy())
    return found


def at_the_limit(replay: Replay, numbers: int, places: int) -> float:
    """So many of all numbers may lie so near to a limit that rounding counts them on its other side."""
    return places / numbers if replay.experiment.dtype == "float32" else 0.0


def activation_slopes(shown: xr.DataArray, replay: Replay) -> Iterator[Compared]:
    if not shown.size:
        return
    found, gamma, steps = slopes(replay), replay.cell.phi.largest_slope, shown["kept_time"].values - 1
    chosen = np.stack([found[str(place)][1][:, steps] for place in shown["place"].values]) / gamma
    means = chosen.mean((-2, -1))
    yield Compared("mean_slope", ROUTE, shown.sel(of_slope="mean_slope").values, means, of_one_step(replay))
    saturated = (chosen < SATURATED).mean((-2, -1))
    besides = at_the_limit(replay, chosen.shape[-2] * chosen.shape[-1], 2)
    counted = shown.sel(of_slope="saturated").values
    yield Compared("saturated", ROUTE, 1 + counted, 1 + saturated, of_one_step(replay), besides=besides)


def activation_totals(shown: xr.DataArray, replay: Replay) -> Iterator[Compared]:
    if not shown.size:
        return
    found, gamma = slopes(replay), replay.cell.phi.largest_slope
    means = np.stack([found[str(place)][1].mean((1, 2, 3)) for place in shown["place"].values]) / gamma
    yield Compared("mean_slope", ROUTE, shown.sel(total="mean_slope").values, means, of_one_step(replay))


def activation_histogram(shown: xr.DataArray, replay: Replay) -> Iterator[Compared]:
    """Each bin's fraction against a count of our own: values at a border may fall into either of two bins."""
    if not shown.size:
        return
    found, centres = slopes(replay), shown["bin"].values
    for k, place in enumerate(shown["place"].values):
        received = found[str(place)][0]
        bins = len(centres)
        counted = [
            np.histogram(layer, bins, (-reach_of(layer), reach_of(layer)))[0] / layer.size
            for layer in received.reshape(len(received), -1)
        ]
        fractions, besides = shown.sel(of_bin="fraction").values[k], at_the_limit(replay, received[0].size, 4)
        yield Compared("histogram", ROUTE, 1 + fractions, 1 + np.stack(counted), of_one_step(replay), besides=besides)


CHECKS = {
    "unit_activity": Check(unit_activity, passes=1),
    "unit_spread": Check(unit_spread, passes=1),
    "keeping_gate": Check(keeping_gate, passes=1),
    "gate_product": Check(gate_product, passes=1),
    "activation_slopes": Check(activation_slopes, passes=1),
    "activation_totals": Check(activation_totals, passes=1),
    "activation_histogram": Check(activation_histogram, passes=1),
}
