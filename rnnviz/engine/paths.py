"""The product of Jacobians split by the way that a change of the state takes through time.

P = ∂s_T/∂s_t is a sum over all ways, each of which is carried from step to step by one coordinate or another. The direct
way stays with one coordinate and its keeping gate: D = diag(∏ f) on c (∏ z on h in the GRU). Everything else is E = P − D,
which is not found by subtraction but by its own recursion, so that it is true where it is much smaller than D.
"""

from __future__ import annotations

import numpy as np
import torch

from rnnviz.cells.kernel import Array
from rnnviz.engine.jacobians import LOG10_2, largest_singular_values, renormalise

FARTHEST = 900.0  # powers of two; what is farther apart is nothing beside the other


def path_norms(jacobians: Array, keeping: Array, hidden: Array, lags: Array) -> dict[str, Array]:
    """log₁₀ of the spectral norms at `lags`, all (lag,):

    all      P = J_T ⋯ J_{t+1}
    direct   D = diag(∏ keeping): its largest entry
    detour   E = P − D between the coordinates that have a direct way: c→h→c in the LSTM, all the rest in the GRU
    hidden   ∏ J_hh, ways that every step hands on through h; only where some coordinates are `hidden`

    jacobians (time, state, state) float64; keeping (time, state), 0 where a coordinate has no direct way; hidden (state,)
    says which coordinates those are.

    From P_t = P_{t+1} J_{t+1}:  D_t = D_{t+1} diag(keeping),  E_t = E_{t+1} J_{t+1} + D_{t+1} (J_{t+1} − diag(keeping)).
    """
    time, size, _ = jacobians.shape
    direct = np.where(hidden, -np.inf, 0.0)  # log₂ of the diagonal of D
    rest, exponent = np.diag(hidden.astype(float)), 0  # E = rest · 2^exponent
    through = np.eye(int(hidden.sum()))
    through_exponent, wanted = 0, set(map(int, lags))
    kept: dict[str, list[tuple[Array, float]]] = {"all": [], "detour": [], "hidden": []}
    largest: list[float] = []
    for lag in range(time + 1):
        if lag:
            j, gate = jacobians[time - lag], keeping[time - lag]
            scale = np.exp2(np.minimum(direct - exponent, FARTHEST))
            rest = rest @ j + scale[:, None] * (j - np.diag(gate))
            through = through @ j[np.ix_(hidden, hidden)]
            with np.errstate(divide="ignore"):
                direct = direct + np.log2(gate, where=~hidden, out=np.zeros(size))
            exponent += renormalise(rest)
            through_exponent += renormalise(through) if through.size else 0
        if lag in wanted:
            top = max(float(exponent), float(direct.max(initial=-np.inf)))
            whole = rest * np.exp2(exponent - top) + np.diag(np.exp2(direct - top))
            kept["all"].append((whole, top))
            kept["detour"].append((rest[np.ix_(~hidden, ~hidden)], exponent))
            kept["hidden"].append((through.copy(), through_exponent))
            largest.append(float(direct.max(initial=-np.inf)) * LOG10_2)
    found = {name: norms(parts) for name, parts in kept.items() if parts[0][0].size}
    if not hidden.all():
        found["direct"] = np.array(largest)
    return found


def norms(parts: list[tuple[Array, float]]) -> Array:
    values = largest_singular_values(torch.from_numpy(np.stack([matrix for matrix, _ in parts]))).numpy()
    with np.errstate(divide="ignore"):
        logs: Array = np.log10(values) + np.array([exponent for _, exponent in parts]) * LOG10_2
    return logs
