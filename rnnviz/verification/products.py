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
from rnnviz.verification.check import Check, Compared, explained
from rnnviz.verification.gradients import amplification, roundings
from rnnviz.verification.replay import Replay

DIRECT, SVD, DETERMINANT, LAPACK = "autograd", "svd", "determinant", "lapack"
IN_REACH = {"float64": 1e-4, "float32": 0.1}  # of the largest σ: what lies far below it has lost digits in a plain SVD
FIRST_DIGIT = 0.1  # of a determinant: where rounding takes it, the step is left out
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
    """The large ones by a plain SVD of the product; all together by what ∏ σ_i = ∏ |det J_t| gains from lag to lag."""
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
    if len(lags) > 1:
        with np.errstate(invalid="ignore"):
            growth = np.diff(shown.values.sum(1) * math.log(10))
        # Their logarithms are carried in float64, each over all the decades that it has gone.
        size = float(np.abs(shown.values[np.isfinite(shown.values)]).max(initial=0.0)) * math.log(10)
        besides = size * explained(roundings(replay), "float64")
        yield from volume("singular_volume", growth, lags[1:], factors[::-1], replay, replay.size, besides)


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
    """σ by LAPACK of the J_t of autograd; and two moments of μ."""
    if not shown.sizes["kept_step"]:
        return
    factors = np.stack([replay.jacobian(int(t)).numpy() for t in shown["kept_step"].values])
    values = np.linalg.svd(factors, compute_uv=False)
    shaken = max(1.0, replay.steepness / float(values.max() or 1.0))
    yield Compared(
        "step_singular", SVD, shown.sel(spectrum="singular").values, values, roundings(replay), amplified=shaken
    )
    yield from moments("step", shown, factors, float(values.max()) or 1.0, replay, shaken)


def weight_spectrum(shown: xr.DataArray, replay: Replay) -> Iterator[Compared]:
    """σ of every gate's block by torch; and two moments of μ."""
    if not shown.size:
        return
    blocks = torch.stack([own["weight_hh"].reshape(len(replay.cell.gate_names), -1, replay.cell.hidden_size)
                          for own in replay.layers])  # fmt: skip
    values = torch.linalg.svdvals(blocks).numpy()
    yield Compared("weight_singular", LAPACK, shown.sel(spectrum="singular").values, values, roundings(replay))
    yield from moments("weight", shown, blocks.numpy(), float(values.max()) or 1.0, replay)


def moments(
    of: str, shown: xr.DataArray, matrices: np.ndarray, sigma: float, replay: Replay, shaken: float = 1.0
) -> Iterator[Compared]:
    """Σμ = tr A and Σμ² = tr A², which eigenvalues obey whatever finds them; only the second sees imaginary parts.

    Eigenvalues come in conjugate pairs, so Σμ² = Σ re² − im². Entries off by δ of random sign move tr A by √n δ and
    tr A² by 2 ‖A‖_F δ ≤ 2 √n σ₁ δ, where δ ≤ u · shaken · σ₁: as much more counts as the traces are smaller than σ₁, σ₁².
    """
    real, imaginary = shown.sel(spectrum="real").values, shown.sel(spectrum="imaginary").values
    sums = {"trace": real.sum(-1), "square": (real**2 - imaginary**2).sum(-1)}
    traces = {
        "trace": np.trace(matrices, axis1=-2, axis2=-1),
        "square": (matrices * matrices.swapaxes(-2, -1)).sum((-2, -1)),
    }
    for power, (name, found) in enumerate(traces.items(), 1):
        smaller = sigma**power / (float(np.abs(found).max()) or 1.0)
        yield Compared(
            f"{of}_{name}", name, sums[name], found, roundings(replay),
            amplified=power * matrices.shape[-1] ** 0.5 * shaken * smaller,
        )  # fmt: skip


# — exponents —


def lyapunov_growth(shown: xr.DataArray, replay: Replay) -> Iterator[Compared]:
    """Σ_i ln R_ii = ln |det J_t| over every window; the first direction by carrying one vector along."""
    if not shown.size:
        return
    factors, ends = jacobians(replay), shown["window"].values.astype(int)
    yield from volume("lyapunov_volume", shown.values.sum(1), ends, factors, replay)
    vector = first_direction(replay.size)
    lengths = []
    for factor in factors:
        vector = factor @ vector
        lengths.append(float(np.linalg.norm(vector)))
        vector = vector / (lengths[-1] or 1.0)
    with np.errstate(divide="ignore"):
        found = in_windows(np.log(lengths), ends)
    yield Compared(
        "lyapunov_first", DIRECT, np.cumsum(shown.values[:, 0]), np.cumsum(found), roundings(replay), "ln",
        amplified=turned(factors, np.array(lengths)),
    )  # fmt: skip


def turned(factors: np.ndarray, lengths: np.ndarray) -> float:
    """How much more the roundings of J_t v count than v grows, root mean square over t, seen from the last step:

    σ₁(J_t)/‖J_t v‖ · ‖J_T ⋯ J_{t+1}‖/‖J_T ⋯ J_{t+1} v‖. The second part is large where J_t are not normal.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        grown = np.log10(lengths)
        after = np.cumsum(grown[::-1])[::-1] - grown
        logs = np.log10(np.linalg.norm(factors, 2, (1, 2))) - grown + norms(factors)[-2::-1] - after
    ratios = 10 ** np.clip(np.where(np.isfinite(logs), logs, 0.0), 0.0, 15.0)
    return float(np.sqrt(np.square(ratios).mean()))


def first_direction(size: int) -> np.ndarray:
    """The vector that the frame starts from: the first column of a fixed draw, as `engine.lyapunov` makes it."""
    start = np.random.default_rng(0).standard_normal((size, size))
    return -start[:, 0] / np.linalg.norm(start[:, 0])


def in_windows(values: np.ndarray, ends: np.ndarray) -> np.ndarray:
    return np.add.reduceat(values, np.concatenate([[0], ends[:-1]]))


def volume(
    what: str, growth: np.ndarray, ends: np.ndarray, factors: np.ndarray, replay: Replay,
    worked: float = 1.0, besides: float = 0.0,
) -> Iterator[Compared]:  # fmt: skip
    """growth (window,) in nepers against Σ ln |det J_t| over each window of steps.

    The roundings of J_t count in its determinant by its condition σ₁/σ_n, those of the decomposition, in float64, by
    `worked` times as much. A window with a step that this leaves no digit is left out: behind the mask of a ReLU σ_n is
    rounding, or zero, and which of the two depends on the decomposition.
    """
    conditions = np.linalg.cond(factors)
    lost = explained(roundings(replay), replay.experiment.dtype)
    lost_too = explained(roundings(replay), "float64") * worked
    known = conditions * (lost + lost_too) <= FIRST_DIGIT
    condition = float(np.sqrt(np.square(conditions[known]).mean())) if known.any() else 1.0
    with np.errstate(divide="ignore"):
        found = in_windows(np.linalg.slogdet(factors)[1], ends)
    # A direction that was lost before leaves no growth: −∞ − (−∞).
    used = (in_windows(~known, ends) == 0) & ~np.isnan(growth)
    yield Compared(
        what, DETERMINANT, growth[used], found[used], roundings(replay), "ln",
        amplified=condition, besides=condition * lost_too + besides,
    )  # fmt: skip


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
    yield from volume("untied_volume", shown.values.sum(1), ends, stacked, replay)


CHECKS = {
    "jacobian_norm": Check(jacobian_norm, products=3),
    "jacobian_bounds": Check(jacobian_bounds, products=2),
    "singular_spectrum": Check(singular_spectrum, products=3),
    "jacobian_paths": Check(jacobian_paths, products=4, passes=1),
    "step_spectrum": Check(step_spectrum, products=2),
    "weight_spectrum": Check(weight_spectrum),
    "lyapunov_growth": Check(lyapunov_growth, products=3),
    "untied_growth": Check(untied_growth, products=1),
}
