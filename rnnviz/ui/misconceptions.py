"""Claims about gradients that are often heard, and for each the experiment that refutes it.

A card is a setting of the pages, as a preset is, with the figures that show it and the numbers that its verdict says.
The numbers are read from the results of that very setting; the words are in the texts, under `misconception.<claim>`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from rnnviz.choice import Word
from rnnviz.experiment import Study
from rnnviz.figures import (
    ActivationUse,
    AnyFigure,
    GradientFlow,
    JacobianPaths,
    Results,
    SingularSpectrum,
    StepEigenvalues,
    WeightShares,
)
from rnnviz.figures.figure import Result
from rnnviz.figures.survival import curve_of, survival
from rnnviz.ui.flow import START, ClaimName, GradientFlowPage
from rnnviz.ui.numbers import Decades, Number

LAST = 100  # time step at which a unit left to itself has come to rest
UNSEEN = 0.01  # of the largest value: less than the thickness of a line on a linear axis


class Shown(NamedTuple):
    """A figure of the card's network; behind it as a thin shadow, the network of another variation."""

    figure: AnyFigure
    shadow: str = ""


class Card(NamedTuple):
    """What refutes one claim.

    setting  what it sets on the pages, beside their start
    page     the file of the page on which to play with it
    shown    the figures, side by side
    numbers  what the verdict says, by placeholder, from results of which the first is the setting's own network
    reads    the diagnostics that the numbers read and the figures do not
    beside   further variations of that network, by name
    """

    setting: Mapping[str, Word]
    page: str
    shown: tuple[Shown, ...]
    numbers: Callable[[Results], dict[str, Number]]
    reads: tuple[str, ...] = ()
    beside: Mapping[str, Mapping[str, Word]] = {}

    @property
    def needs(self) -> list[str]:
        return sorted({*self.reads, *(name for shown in self.shown for name in shown.figure.needs)})

    @property
    def record(self) -> GradientFlowPage:
        """What the pages hold once the counter-example is set."""
        return START.changed(self.setting)

    def study(self, record: GradientFlowPage) -> Study:
        """The network that a record opens, and beside it what else the card compares."""
        opened = record.opened()
        (network,) = opened.variations
        own = dict(network.changes)
        others = {name: own | dict(changes) for name, changes in self.beside.items()}
        return Study.of(opened.base, {network.name: own} | others)

    def is_set(self, record: GradientFlowPage) -> bool:
        return self.study(record).key == self.study(self.record).key


def taken(record: GradientFlowPage, claim: ClaimName) -> GradientFlowPage:
    """The record with the card's counter-example set; what the card does not name, other pages look at as before."""
    card = CARDS[claim]
    parts = {"experiment", "update_bias", "reset", *(path.partition(".")[0] for path in card.setting)}
    return record.model_copy(update={part: getattr(card.record, part) for part in parts})


def alone(study: Study, name: str) -> Study:
    """One variation, under the name of the study's first: what a figure of this network alone is drawn from."""
    (changes,) = (variation.changes for variation in study.variations if variation.name == name)
    return Study.of(study.base, {study.variations[0].name: dict(changes)})


# — what the numbers say —


def of_norm(results: Results) -> dict[str, Number]:
    result = first(results)
    lags, spectrum = result.data["kept_lag"].values, result.data["singular_spectrum"].values
    sigma, steps = weight_norm(result), int(lags[-1])
    bound = steps * math.log10(result.experiment.cell.phi.largest_slope * sigma)
    return {"sigma": sigma, "steps": steps, "bound": Decades(bound), "kept": Decades(spectrum[-1, 0])}


def of_radius(results: Results) -> dict[str, Number]:
    result = first(results)
    curve = curve_of(result.data, "jacobian")
    at = int(curve.argmax())
    return {
        "radius": weight_radius(result), "norm": weight_norm(result), "peak": Decades(curve[at]), "at": at,
        "kept": Decades(curve[-1]), "steps": len(curve) - 1,
    }  # fmt: skip


def of_weight(results: Results) -> dict[str, Number]:
    result = first(results)
    curve = curve_of(result.data, "jacobian")
    state = float(result.data["step_numbers"].sel(entry="hidden_state").values[0, 0, -1])
    jacobian = float(result.data["step_spectrum"].sel(spectrum="real").values[-1, 0])
    return {
        "weight": weight_radius(result), "state": abs(state), "jacobian": jacobian, "kept": Decades(curve[-1]),
        "steps": len(curve) - 1,
    }  # fmt: skip


def of_lstm(results: Results) -> dict[str, Number]:
    names = dict(zip(("kept_0", "kept_1", "kept_5", "wild"), results.values(), strict=True))
    return {place: kept(result) for place, result in names.items()} | {"steps": steps(first(results))}


def of_gates(results: Results) -> dict[str, Number]:
    paths = first(results).data["jacobian_paths"]
    end = {name: Decades(paths.sel(path=name).values[-1]) for name in ("direct", "all", "detour")}
    return {**end, "missed": Decades(end["all"] - end["direct"]), "steps": int(paths["path_lag"].values[-1])}


def of_clipping(results: Results) -> dict[str, Number]:
    """The norm after each clipping, and how the shares of both ends compare before and after one that does clip."""
    whole, start, end = first(results).data["clipped_gradient"].values.T
    return {
        "norm": Decades(whole[0]), "usual": Decades(whole[1]), "tight": Decades(whole[2]),
        "ratio": Decades(start[0] - end[0]), "clipped_ratio": Decades(start[2] - end[2]),
    }  # fmt: skip


def of_relu(results: Results) -> dict[str, Number]:
    grown, shrunk = (kept(result) for result in results.values())
    off = float(first(results).data["activation_totals"].sel(total="dead").values[0, 0])
    return {"grown": grown, "shrunk": shrunk, "off": round(100 * off), "steps": steps(first(results))}


def of_slope(results: Results) -> dict[str, Number]:
    """1 − h² and (1 − h)² beside autograd: where the wrong one is farthest off, and how far both are at most."""
    a, h, slope = first(results).data["slope_by_autograd"].values
    right, wrong = 1 - h**2, (1 - h) ** 2
    worst = int(np.abs(wrong - slope).argmax())
    with np.errstate(divide="ignore"):
        error = np.log10(np.abs(right - slope).max())
    return {
        "input": float(a[worst]), "output": float(h[worst]), "autograd": float(slope[worst]),
        "right": float(right[worst]), "wrong": float(wrong[worst]), "count": len(a),
        "right_error": Decades(error), "wrong_error": float(np.abs(wrong - slope).max()),
    }  # fmt: skip


def of_axis(results: Results) -> dict[str, Number]:
    curve = curve_of(first(results).data, "gradient")
    unseen = int((curve < curve.max() + math.log10(UNSEEN)).sum())
    return {"unseen": unseen, "steps": len(curve), "least": Decades(curve.min()), "kept": kept(first(results))}


def first(results: Results) -> Result:
    return next(iter(results.values()))


def kept(result: Result) -> Decades:
    """What is left at the first time step of the gradient at the last."""
    return Decades(survival(result, "gradient").kept)


def steps(result: Result) -> int:
    """From the last time step back to the first."""
    return survival(result, "gradient").steps


def weight_norm(result: Result) -> float:
    return float(result.data["weight_spectrum"].sel(spectrum="singular").values.max())


def weight_radius(result: Result) -> float:
    real, imaginary = (result.data["weight_spectrum"].sel(spectrum=part).values for part in ("real", "imaginary"))
    return float(np.hypot(real, imaginary).max())


# — the cards —

VANILLA: dict[str, Word] = {
    "experiment.dtype": "float64",
    "experiment.task": "noise",
    "network.cell": "elman",
    "network.activation": "tanh",
    "view.activations": "tanh",
}
PYTORCH: dict[str, Word] = {"experiment.initializer": "pytorch_default", "experiment.initializer.scale": "natural"}
BIAS = "cell.forget_bias.value"

CARDS: dict[ClaimName, Card] = {
    "norm": Card(
        VANILLA
        | {
            "experiment.initializer": "gaussian",
            "experiment.initializer.scale.gain": 0.9,
            "experiment.cell.hidden_size": 64,
        },
        "jacobians",
        (Shown(SingularSpectrum()),),
        of_norm,
    ),
    # Without input tanh is linear here, so that the product is a power of 0.8 I + 0.5 N.
    "radius": Card(
        VANILLA
        | {
            "experiment.task.variance": 0.0,
            "experiment.task.sequence_length": 60,
            "experiment.initializer": "non_normal",
            "experiment.initializer.scale": "spectral_radius",
            "experiment.initializer.scale.spectral_radius": 0.8,
            "experiment.initializer.chain": 0.625,
            "experiment.cell.hidden_size": 4,
            "view.quantity": "jacobian",
        },
        "gradient_flow",
        (Shown(GradientFlow(quantity="jacobian", activations="tanh")),),
        of_radius,
        ("weight_spectrum",),
    ),
    "weight": Card(
        VANILLA
        | {
            "experiment.task": "impulse",
            "experiment.initializer": "identity",
            "experiment.initializer.scale.gain": 2.0,
            "experiment.cell.hidden_size": 1,
            "network.time": LAST,
        },
        "jacobians",
        (Shown(StepEigenvalues(time=LAST)), Shown(GradientFlow(quantity="jacobian", activations="tanh"))),
        of_weight,
        ("step_numbers",),
    ),
    "lstm": Card(
        VANILLA | PYTORCH | {
            "experiment.cell.forget_bias": 0.0,
            "update_bias": 0.0,
            "experiment.cell.hidden_size": 64,
            "network.cell": "lstm",
        },
        "gradient_flow",
        (Shown(GradientFlow(activations="tanh"), shadow="bias-5"),),
        of_lstm,
        beside={
            "bias-1": {BIAS: 1.0},
            "bias-5": {BIAS: 5.0},
            "wild": {BIAS: 1.0, "initializer": "gaussian", "initializer.scale": "gain", "initializer.scale.gain": 4.0},
        },
    ),
    "gates": Card(
        VANILLA | {
            "experiment.initializer.scale.gain": 2.0,
            "experiment.cell.forget_bias": 1.0,
            "network.cell": "lstm",
        },
        "jacobians",
        (Shown(JacobianPaths()),),
        of_gates,
    ),
    "clipping": Card(
        VANILLA | PYTORCH | {"weights.matrix": "weight_ih"},
        "weight_gradient",
        (Shown(WeightShares(matrix="weight_ih")),),
        of_clipping,
        ("clipped_gradient",),
    ),
    "relu": Card(
        VANILLA
        | {
            "experiment.initializer": "gaussian",
            "experiment.initializer.scale.gain": 2.0,
            "experiment.cell.hidden_size": 64,
            "network.activation": "relu",
            "view.activations": "relu",
        },
        "gradient_flow",
        (Shown(GradientFlow(activations="relu"), shadow="gain-1"),),
        of_relu,
        ("activation_totals",),
        {"gain-1": {"initializer.scale.gain": 1.0}},
    ),
    "slope": Card(VANILLA | PYTORCH, "activation", (Shown(ActivationUse()),), of_slope, ("slope_by_autograd",)),
    "axis": Card(
        VANILLA | {
            "experiment.task": "adding",
            "experiment.initializer.scale.gain": 1.1,
            "view.axis": "linear",
        },
        "gradient_flow",
        (Shown(GradientFlow(activations="tanh", axis="linear")), Shown(GradientFlow(activations="tanh"))),
        of_axis,
    ),
}  # fmt: skip
