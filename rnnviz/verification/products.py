"""Products of Jacobians whose every factor comes from autograd of the step, multiplied out and decomposed by LAPACK."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
import xarray as xr

from rnnviz.activations import ACTIVATIONS
from rnnviz.streams import generator
from rnnviz.verification.check import Check, Compared
from rnnviz.verification.gradients import amplification, roundings
from rnnviz.verification.replay import Replay

DIRECT, SVD, DETERMINANT, LAPACK = "autograd", "svd", "determinant", "lapack"
IN_REACH = {"float64": 1e-4, "float32": 0.1}  # of the largest σ: what lies far below it has lost digits in a plain SVD
NO_DETERMINANT = 1e13  # σ₁/σ_n of a step whose determinant is rounding
OUT_OF_WEIGHT = 1e-3  # of the larger of two matrices, whose difference has lost three digits


class Product(NamedTuple):
    """matrix × 2^exponent, (state, state)."""

    matrix: np.ndarray
    exponent: float

    @property
    def log10_norm(self) -> float:
        with np.errstate(divide="ignore"):
            return float(np.log10(np.linalg.norm(self.matrix, 2)) + self.exponent * math.log10(2))

    def times(self, factor: np.ndarray) -> Product:
        matrix = self.matrix @ factor
        shift = int(np.frexp(np.abs(matrix).max())[1])
        return Product(np.ldexp(matrix, -shift), self.exponent + shift)


def jacobians(replay: Replay) -> np.ndarray:
    """(time, state, state before) of the example."""
    found = [replay.jacobian(t).numpy() for t in range(1, replay.time + 1)]
    return np.stack(found) if found else np.empty((0, replay.size, replay.size))


def products(factors: np.ndarray) -> Iterator[Product]:
    """∂s_T/∂s_t at lag 0, 1, …, T."""
    size = factors.shape[1]
    product = Product(np.eye(size), 0.0)
    yield product
    for factor in factors[::-1]:
        product = product.times(factor)
        yield product


def norms(factors: np.ndarray) -> np.ndarray:
    return np.array([product.log10_norm for product in products(factors)])


def of_iteration(replay: Replay) -> float:
    """What `engine.jacobians` promises of σ₁: in float32 it iterates to 1e-5."""
    return 1e-5 if replay.experiment.dtype == "float32" else 0.0


def jacobian_norm(shown: xr.DataArray, replay: Replay) -> Iterator[Compared]:
    if shown.size:
        found = norms(jacobians(replay))
        yield Compared(
            "jacobian_norm", SVD, shown.values, found, roundings(replay), "log10",
            amplified=shrinking(found, replay), besides=of_iteration(replay),
        )  # fmt: skip


def shrinking(norms: np.ndarray, replay: Replay) -> float:
    """`amplification` of a curve over the lag."""
    return amplification(norms[::-1, None], norms[::-1, None], replay)


def jacobian_bounds(shown: xr.DataArray, replay: Replay) -> Iterator[Compared]:
    if not shown.size:
        return
    lags = np.arange(shown.sizes["lag"])
    with np.errstate(divide="ignore"):
        of_steps = np.log10(np.linalg.norm(jacobians(replay), 2, axis=(1, 2)))
        found = {"step_norms": np.concatenate([[0.0], np.cumsum(of_steps[::-1])])}
        weight = replay.layers[0]["weight_hh"].numpy()
        slope = steepest(replay.experiment.cell.activation)
        if weight.shape[0] == weight.shape[1]:
            found["pascanu"] = lags * np.log10(slope * np.linalg.svd(weight, compute_uv=False)[0])
            found["spectral_radius"] = lags * np.log10(np.abs(np.linalg.eigvals(weight)).max())
    for k, name in enumerate(shown["bound"].values):
        # An error of σ₁ is raised to the power of the lag; one step that kills nearly all has lost its digits.
        lag, lost = float(max(1, replay.time)), shrinking(found["step_norms"], replay)
        yield Compared(
            f"bound_{name}", SVD, shown.values[k], found[str(name)], roundings(replay), "log10",
            amplified=lag * lost, besides=lag * of_iteration(replay),
        )  # fmt: skip


def steepest(activation: str) -> float:
    """γ: the largest slope of φ by autograd on a fine grid, which has its middle among its points."""
    with torch.enable_grad():
        a = torch.linspace(-4, 4, 4001, dtype=torch.float64).requires_grad_()
        (slope,) = torch.autograd.grad(ACTIVATIONS[activation].function(a).sum(), a)
    return float(slope.max())


def singular_spectrum(shown: xr.DataArray, replay: Replay) -> Iterator[Compared]:
    """The large ones by a plain SVD of the product; all of them together by ∏ σ_i = ∏ |det J_t|."""
    if not shown.size:
        return
    factors, lags = jacobians(replay), shown["kept_lag"].values
    wanted = set(map(int, lags))
    found = []
    for lag, product in enumerate(products(factors)):
        if lag in wanted:
            with np.errstate(divide="ignore"):
                found.append(
                    np.log10(np.linalg.svd(product.matrix, compute_uv=False)) + product.exponent * math.log10(2)
                )
    values = np.stack(found)
    reach = IN_REACH[replay.experiment.dtype]
    near = values > values[:, :1] + math.log10(reach)
    lost = shrinking(norms(factors), replay)
    yield Compared(
        "singular_large", SVD, shown.values[near], values[near], roundings(replay), "log10", amplified=lost / reach
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        of_steps = np.linalg.slogdet(factors)[1] / math.log(10)
        volumes = np.concatenate([[0.0], np.cumsum(of_steps[::-1])])[lags]
        sums = np.where(np.isneginf(shown.values).any(1), -np.inf, shown.values.sum(1))
    told = tellable(sums, volumes, factors)
    yield Compared(
        "singular_volume", DETERMINANT, sums[told], volumes[told], roundings(replay), "log10",
        amplified=condition(factors) * replay.size,
    )  # fmt: skip


def tellable(sums: np.ndarray, volumes: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """All; but those where both say the same, where J_t of condition 10¹³ leave it to rounding what is lost."""
    numbers = np.linalg.cond(factors) if len(factors) else np.ones(1)
    worst = float(np.max(numbers, initial=1.0, where=np.isfinite(numbers)))
    alike: np.ndarray = np.isfinite(sums) == np.isfinite(volumes)
    return alike | (worst < NO_DETERMINANT)


def condition(factors: np.ndarray) -> float:
    """Root mean square of σ₁/σ_n over the steps: by so much more the roundings of J_t count in its determinant."""
    numbers = np.linalg.cond(factors) if len(factors) else np.ones(1)
    finite = numbers[np.isfinite(numbers)]
    return float(np.sqrt(np.square(finite).mean())) if len(finite) else 1.0


def jacobian_paths(shown: xr.DataArray, replay: Replay) -> Iterator[Compared]:
    """Every path by plain products: D is a product of gates, E is P − D where the difference keeps its digits."""
    if not shown.size:
        return
    factors, cell = jacobians(replay), replay.cell
    wanted = set(map(int, shown["path_lag"].values))
    hidden = np.ones((cell.layers, cell.state_size // cell.hidden_size, cell.hidden_size), bool)
    if cell.keeping_gate:
        hidden[:, -1] = False
    of_hidden = hidden.ravel()
    found: dict[str, list[float]] = {str(name): [] for name in shown["path"].values}
    reach = []
    through = list(products(factors[:, of_hidden][:, :, of_hidden])) if of_hidden.any() else []
    gates = np.concatenate([np.zeros((1, int((~of_hidden).sum()))), np.cumsum(log2_keeping(replay)[::-1], 0)])
    for lag, product in enumerate(products(factors)):
        if lag not in wanted:
            continue
        found["all"].append(product.log10_norm)
        if "hidden" in found:
            found["hidden"].append(through[lag].log10_norm)
        if "direct" in found:
            found["direct"].append(float(gates[lag].max()) * math.log10(2))
            direct = np.diag(np.exp2(np.maximum(gates[lag] - product.exponent, -1000.0)))
            kept = product.matrix[~of_hidden][:, ~of_hidden]
            rest = Product(kept - direct, product.exponent)
            found["detour"].append(rest.log10_norm)
            reach.append(np.linalg.norm(rest.matrix, 2) > OUT_OF_WEIGHT * np.linalg.norm(direct, 2))
    for k, name in enumerate(map(str, shown["path"].values)):
        used = np.array(reach) if name == "detour" else np.ones(len(found[name]), bool)
        lost = shrinking(norms(factors), replay) / (OUT_OF_WEIGHT if name == "detour" else 1.0)
        values = np.array(found[name])[used]
        yield Compared(
            f"path_{name}", DIRECT, shown.values[k][used], values, roundings(replay), "log10", amplified=lost
        )


def log2_keeping(replay: Replay) -> np.ndarray:
    """Of the gate that keeps the old state, (time, layers · unit), computed anew by the step; empty without one."""
    name = replay.cell.keeping_gate
    if not name:
        return np.zeros((replay.time, 0))
    place, column = replay.cell.gate_names.index(name), torch.tensor([replay.example])
    steps = (replay.step(t, column) for t in range(1, replay.time + 1))
    gates = [torch.cat([layer[place, 0].detach() for layer in step.gates]).numpy() for step in steps]
    with np.errstate(divide="ignore"):
        return np.log2(np.stack(gates))


def step_spectrum(shown: xr.DataArray, replay: Replay) -> Iterator[Compared]:
    """σ by LAPACK of the J_t of autograd; and Σμ = tr J_t, which eigenvalues obey whatever finds them."""
    if not shown.sizes["kept_step"]:
        return
    factors = np.stack([replay.jacobian(int(t)).numpy() for t in shown["kept_step"].values])
    values = np.linalg.svd(factors, compute_uv=False)
    yield Compared(
        "step_singular", SVD, shown.sel(spectrum="singular").values, values, roundings(replay),
        amplified=max(1.0, replay.steepness / float(values.max() or 1.0)),
    )  # fmt: skip
    trace = np.trace(factors, axis1=1, axis2=2)
    sums = shown.sel(spectrum="real").values.sum(-1)
    scale = float(values[:, 0].max())
    yield Compared("step_trace", "trace", sums / scale, trace / scale, roundings(replay), amplified=replay.size**0.5)


def weight_spectrum(shown: xr.DataArray, replay: Replay) -> Iterator[Compared]:
    """σ of every gate's block by torch; Σμ = tr W."""
    if not shown.size:
        return
    blocks = torch.stack([own["weight_hh"].reshape(len(replay.cell.gate_names), -1, replay.cell.hidden_size)
                          for own in replay.layers])  # fmt: skip
    values = torch.linalg.svdvals(blocks).numpy()
    yield Compared("weight_singular", LAPACK, shown.sel(spectrum="singular").values, values, roundings(replay))
    trace = blocks.diagonal(dim1=-2, dim2=-1).sum(-1).numpy()
    sums, scale = shown.sel(spectrum="real").values.sum(-1), float(values.max()) or 1.0
    yield Compared("weight_trace", "trace", sums / scale, trace / scale, roundings(replay), amplified=replay.size**0.5)


# — exponents —


def lyapunov_growth(shown: xr.DataArray, replay: Replay) -> Iterator[Compared]:
    """Σ_i ln R_ii = ln |det J_t| over every window; the first direction by carrying one vector along."""
    if not shown.size:
        return
    factors, ends = jacobians(replay), shown["window"].values.astype(int)
    volumes = np.linalg.slogdet(factors)[1]
    yield from volume(shown.values, volumes, ends, factors, replay, "lyapunov_volume")
    vector = first_direction(replay.size)
    lengths = []
    for factor in factors:
        vector = factor @ vector
        lengths.append(np.linalg.norm(vector))
        vector = vector / (lengths[-1] or 1.0)
    with np.errstate(divide="ignore"):
        found = in_windows(np.log(lengths), ends)
    yield Compared("lyapunov_first", DIRECT, np.cumsum(shown.values[:, 0]), np.cumsum(found), roundings(replay), "ln")


def first_direction(size: int) -> np.ndarray:
    """The vector that the frame starts from: the first column of a fixed draw, as `engine.lyapunov` makes it."""
    start = np.random.default_rng(0).standard_normal((size, size))
    return -start[:, 0] / np.linalg.norm(start[:, 0])


def in_windows(values: np.ndarray, ends: np.ndarray) -> np.ndarray:
    return np.add.reduceat(values, np.concatenate([[0], ends[:-1]]))


def volume(
    growth: np.ndarray, volumes: np.ndarray, ends: np.ndarray, factors: np.ndarray, replay: Replay, what: str
) -> Iterator[Compared]:
    found, sums = in_windows(volumes, ends), growth.sum(1)
    usable = tellable(sums, found, factors)
    yield Compared(
        what, DETERMINANT, sums[usable], found[usable], roundings(replay), "ln", amplified=condition(factors)
    )


def untied_growth(shown: xr.DataArray, replay: Replay) -> Iterator[Compared]:
    """The same volumes for the weights that are drawn anew at every step, from the same stream."""
    if not shown.size:
        return
    e, size = replay.experiment, replay.cell.hidden_size
    drawn, factors = generator(e.seed, "untied weights"), []
    linear = replay.cell.model_copy(update={"activation": "identity"})
    for t in range(replay.time):
        fresh = e.initializer.hidden_weights(1, size, drawn).double()
        state, x = replay.states[t, replay.example][None], replay.inputs[t, replay.example][None]
        with torch.enable_grad():
            a = linear.step(replay.layers[0], x, linear.state(state))[1][0].detach().requires_grad_()
            (slope,) = torch.autograd.grad(replay.cell.phi.function(a).sum(), a)
        factors.append((slope.reshape(-1, 1) * fresh).numpy())
    stacked, ends = np.stack(factors), shown["untied_window"].values.astype(int)
    volumes = np.linalg.slogdet(stacked)[1]
    yield from volume(shown.values, volumes, ends, stacked, replay, "untied_volume")


CHECKS = {
    "jacobian_norm": Check(jacobian_norm, products=3),
    "jacobian_bounds": Check(jacobian_bounds, products=2),
    "singular_spectrum": Check(singular_spectrum, products=3),
    "jacobian_paths": Check(jacobian_paths, products=4, passes=1),
    "step_spectrum": Check(step_spectrum, products=2),
    "weight_spectrum": Check(weight_spectrum),
    "lyapunov_growth": Check(lyapunov_growth, products=2),
    "untied_growth": Check(untied_growth, products=1),
}
