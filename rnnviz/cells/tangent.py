"""The tangent of one step: how small changes of the state, any number at once, move on with the state.

The mirror image of `Kernel.pull_back`, and like it without a Jacobian: ∂s_t = J_t ∂s_{t−1} costs one product with W_hh
for all gates. In float64 whatever the experiment computes in, along the states that were computed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import singledispatch

import numpy as np
import torch
from torch import Tensor
from torch.func import jacrev, vmap

from rnnviz.cells.autograd import AutogradKernel
from rnnviz.cells.elman import ElmanKernel
from rnnviz.cells.gru import GRUKernel
from rnnviz.cells.kernel import Array, Kernel
from rnnviz.cells.lstm import LSTMKernel

# (t, changes of s_{t−1}, where those of s_t go, changes of x_t or None); changes are (state or feature, any columns).
Tangent = Callable[[int, Array, Array, Array | None], object]
Push = Callable[[int, Array, Array], object]  # the same for the stacked state of all layers
BLOCK = 1 << 20  # numbers in the Jacobians that are alive at once where a cell has no closed form


def push_forward(layers: Sequence[Kernel], example: int) -> Push:
    """(t, Q, J_t Q): the change of a layer's h within step t is the change of the next layer's input."""
    steps = [tangent(layer, example) for layer in layers]
    state, size = layers[0].cell_choice.state_size, layers[0].size
    rows = [slice(k * state, (k + 1) * state) for k in range(len(layers))]

    def push(t: int, before: Array, after: Array) -> None:
        below = None
        for step, own in zip(steps, rows, strict=True):
            step(t, before[own], after[own], below)
            below = after[own][:size]

    return push


@singledispatch
def tangent(layer: Kernel, example: int) -> Tangent:
    """The tangent of one layer alone, for one example."""
    raise NotImplementedError(type(layer).__name__)


@tangent.register
def of_elman(layer: ElmanKernel, example: int) -> Tangent:
    # ∂h_t = D_t (W_hh ∂h_{t−1} + W_ih ∂x_t)
    slopes, (w_hh, w_ih) = exact(layer.slope_of(example)), weights(layer)

    def step(t: int, before: Array, after: Array, below: Array | None) -> None:
        np.dot(w_hh, before, after)
        if below is not None:
            after += w_ih @ below
        after *= slopes[t - 1]

    return step


@tangent.register
def of_lstm(layer: LSTMKernel, example: int) -> Tangent:
    # ∂c_t = f ∂c_{t−1} + Σ_{i,f,g} k ∂a,  ∂h_t = o φ'(c_t) ∂c_t + k_o ∂a_o,  ∂a = W_hh ∂h_{t−1} + W_ih ∂x_t
    (k, path), f = map(exact, layer.coefficients_of(example)), exact(layer.gate_view[:, 1, :, example])
    k, path, f, size, (w_hh, w_ih) = k[..., None], path[..., None], f[..., None], layer.size, weights(layer)

    def step(t: int, before: Array, after: Array, below: Array | None) -> None:
        a = w_hh @ before[:size]
        if below is not None:
            a += w_ih @ below
        i_f_g_o = a.reshape(4, size, -1)
        i_f_g_o *= k[t - 1]
        hidden, cell = after[:size], after[size:]
        np.multiply(f[t - 1], before[size:], cell)
        cell += i_f_g_o[0]
        cell += i_f_g_o[1]
        cell += i_f_g_o[2]
        np.multiply(path[t - 1], cell, hidden)
        hidden += i_f_g_o[3]

    return step


@tangent.register
def of_gru(layer: GRUKernel, example: int) -> Tangent:
    # ∂h_t = z ∂h_{t−1} + Σ_{r,z,n} k ∂a; the candidate's past goes through the reset gate, its input does not.
    k, z = exact(layer.coefficients_of(example))[..., None], exact(layer.gate_view[:, 1, :, example])[..., None]
    past, new, size, (w_hh, w_ih) = k[:, :3], k[:, [0, 1, 3]], layer.size, weights(layer)

    def step(t: int, before: Array, after: Array, below: Array | None) -> None:
        a = (w_hh @ before).reshape(3, size, -1)
        a *= past[t - 1]
        if below is not None:
            a += new[t - 1] * (w_ih @ below).reshape(3, size, -1)
        np.multiply(z[t - 1], before, after)
        after += a[0]
        after += a[1]
        after += a[2]

    return step


@tangent.register
def of_equation(layer: AutogradKernel, example: int) -> Tangent:
    # Jacobians of the equation itself, a block of steps at a time.
    length = max(1, BLOCK // layer.cell_choice.state_size**2)
    parameters = {name: value.double() for name, value in layer.parameters.items()}
    made: dict[int, tuple[Array, Array]] = {}

    def jacobians(block: int) -> tuple[Array, Array]:
        if block not in made:
            made.clear()
            steps = slice(block * length, (block + 1) * length)
            x = layer.rows[:-1, layer.size : -2, example][steps].double()
            states = torch.stack([state[example] for state in layer.states[:-1][steps]]).double()
            both = vmap(jacrev(layer.step, argnums=(1, 2)), in_dims=(None, 0, 0))(parameters, x, states)
            made[block] = (both[0].numpy(), both[1].numpy())
        return made[block]

    def step(t: int, before: Array, after: Array, below: Array | None) -> None:
        block, at = divmod(t - 1, length)
        of_input, of_state = jacobians(block)
        np.dot(of_state[at], before, after)
        if below is not None:
            after += of_input[at] @ below

    return step


def weights(layer: Kernel) -> tuple[Array, Array]:
    return exact(layer.weight_hh), exact(layer.weight_ih)


def exact(values: Tensor) -> Array:
    return values.double().numpy()
