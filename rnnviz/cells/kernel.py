"""Closed forms of one layer over a whole sequence: forward with everything stored, adjoint, Jacobians.

Arrays are feature-major, (time, feature, example): rows [h; x; 1; 1] make one matrix product per step do W_hh, W_ih and
both biases, every gate's block is contiguous, and one batched product of the adjoints with the rows gives every time
step's share of the weight gradient. Both biases are kept: merging them changes how Adam would move them.

What happens at every step is done by NumPy on the memory of the tensors: a call costs it a third of what it costs torch
(0.45 against 1.3 µs for 2 048 numbers), and its matrix product is a quarter faster at these sizes. What happens once per
sequence is done by torch. NumPy's matrix product needs OPENBLAS_NUM_THREADS=1 to stay on one thread.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rnnviz.activations import Activation, Call

if TYPE_CHECKING:
    from rnnviz.cells.cell import Cell

Array = NDArray[Any]  # float32 or float64, (unit, example) unless said otherwise
Which = int | slice  # one example, whose axis is dropped; or several, whose axis comes first
Scaled = tuple[Array, int]  # float64, and the power of two by which it must be multiplied
FEW_BYTES = 2 << 20  # of one array: over fewer, a pass for every gate costs less than one matrix product for every unit
BLOCK_BYTES = 1 << 20  # of one array: what a few of them need stays in the processor's last cache


class Kernel(ABC):
    """One layer of a cell with given parameters, for inputs (time T, feature I, example N).

    Time indices: list entry t of `h`, `dh`, `delta` belongs to time step t = 0 … T; stored gates start at step 1.
    The arrays and their views by step may serve many passes of one shape: `load` puts other weights and inputs in.
    """

    def __init__(self, cell: Cell, parameters: Mapping[str, Tensor], inputs: Tensor):
        self.size, self.dtype, (self.time, self.features, self.columns) = cell.hidden_size, inputs.dtype, inputs.shape
        self.cell_choice, self.phi = cell, cell.phi
        gates = len(parameters["weight_hh"])
        self.weight = self.empty(gates, self.size + self.features + 2)
        self.weight_hh_transposed = self.empty(self.size, gates)
        self.weight_ih_transposed = self.empty(self.features, gates)
        self.rows = self.empty(self.time + 1, self.size + self.features + 2, self.columns)
        self.rows[0, : self.size] = 0
        self.rows[:, -2:] = 1
        self.dh_all = self.empty(self.time + 2, self.size, self.columns)
        self.delta_all = self.empty(self.time + 2, self.delta_rows, self.columns)
        # The same memory step by step, for NumPy.
        self.inputs_of_step, self.h = list(self.rows[:-1].numpy()), list(self.rows[:, : self.size].numpy())
        self.dh, self.delta = list(self.dh_all.numpy()), list(self.delta_all.numpy()[:, : len(self.weight)])
        self.own_adjoint: Tensor | None = None
        self.next_block = 0
        self.into_past, self.into_input = self.weight_hh_transposed.numpy(), self.weight_ih_transposed.numpy()
        self.allocate()
        self.calls: dict[Activation, Sequence[Any]] = {}
        self.load(cell, parameters, inputs)

    def fits(self, cell: Cell, inputs: Tensor) -> bool:
        """Whether `load` may be given these, of the same kind of cell."""
        shape = (self.time, self.features, self.columns)
        return cell.hidden_size == self.size and inputs.shape == shape and inputs.dtype == self.dtype

    def load(self, cell: Cell, parameters: Mapping[str, Tensor], inputs: Tensor) -> None:
        """Other weights and inputs of the same shape. Whoever still reads what an earlier pass computed must have a copy."""
        p = {name: value.detach() for name, value in parameters.items()}
        self.cell_choice, self.weight_hh, self.weight_ih = cell, p["weight_hh"], p["weight_ih"]
        self.phi = cell.phi
        if self.phi not in self.calls:
            self.calls[self.phi] = self.calls_of_phi()
        biases = p["bias_ih"][:, None], p["bias_hh"][:, None]
        torch.cat([self.weight_hh, self.weight_ih, *biases], 1, out=self.weight)
        self.weight_hh_transposed.copy_(self.weight_hh.T)
        self.weight_ih_transposed.copy_(self.weight_ih.T)
        self.rows[:-1, self.size : -2] = inputs

    @property
    def nbytes(self) -> int:
        """Of all arrays, views counted as well: no less than what it holds."""
        return sum(value.nbytes for value in vars(self).values() if isinstance(value, Tensor))

    @property
    def delta_rows(self) -> int:
        """Rows of δ_t; its first len(W_hh) are what W_hh feeds."""
        return len(self.weight)

    def empty(self, *shape: int) -> Tensor:
        return torch.empty(shape, dtype=self.dtype)

    def squash(self, target: Tensor, source: Tensor | None = None) -> Sequence[Call]:
        """For every time step a call that puts φ(source) into target, or φ(target); both (time, unit, example)."""
        return self.phi.by_step(target if source is None else source, target)

    @abstractmethod
    def allocate(self) -> None:
        """Make the arrays that the forward pass fills and the adjoint reads."""

    @abstractmethod
    def calls_of_phi(self) -> Sequence[Any]:
        """For every time step the call of φ that `forward` makes, or a tuple of them."""

    @abstractmethod
    def forward(self) -> None:
        """h_1 … h_T from h_0 = 0, keeping every gate."""

    @property
    def hidden(self) -> Tensor:
        """h_1 … h_T, (time, unit, example)."""
        return self.rows[1:, : self.size]

    def input_sum(self, example: int) -> Tensor:
        """W_ih x_t of one example, without a bias, (time, row)."""
        return self.rows[:-1, self.size : -2, example] @ self.weight_ih.T

    @property
    @abstractmethod
    def gates(self) -> Tensor:
        """(time, gate, unit, example), after their squashing, in the order of the cell's gate names."""

    @property
    @abstractmethod
    def activation_slope(self) -> Tensor:
        """φ'(a_t) of the candidate, (time, unit, example)."""

    @property
    def cell_states(self) -> Tensor | None:
        """c_1 … c_T, (time, unit, example), for a cell that has them."""
        return None

    # The adjoint runs backwards: begin, then for each t carry, add what the loss and the layer above send, step.

    def begin_adjoint(self, t: int) -> None:
        """Nothing comes from after step t."""
        self.dh_all[t + 1 :].zero_()
        self.delta_all[t + 1 :].zero_()
        self.own_adjoint = None
        self.next_block = t

    def prepare(self, t: int) -> None:
        """Called before step `next_block`: the coefficients of a block of steps that ends with it.

        A block fits the cache until the adjoint has used it, and its scratch stays small where a sequence is long.
        Blocks of an eighth cost LSTM 64/32 a twentieth more: the calls of torch.
        """
        length = max(1, BLOCK_BYTES // (self.size * self.columns * self.dtype.itemsize))
        self.next_block = max(0, t - length)
        self.put_coefficients(slice(self.next_block, t))

    @abstractmethod
    def put_coefficients(self, block: slice) -> None:
        """Put k_t of δ_t = k_t ∘ adjoint where δ_t will be, for steps block.start + 1 … block.stop.

        So the adjoint only multiplies in place: an array of their own costs a tenth of the whole pass in cache misses.
        """

    def carry_adjoint(self, t: int) -> None:
        """∂ℓ/∂h_t, the part from step t + 1: W_hhᵀ δ_{t+1}."""
        np.dot(self.into_past, self.delta[t + 1], self.dh[t])

    def receive(self, t: int, from_above: Array) -> None:
        """Add what h_t does through the layer above within the same step.

        As a coordinate of the state h_t is worth only what it was before: the layer above is a coordinate of its own.
        """
        if self.own_adjoint is None:
            self.own_adjoint = torch.zeros_like(self.dh_all)
        self.own_adjoint[t] = self.dh_all[t]
        self.dh[t] += from_above

    @abstractmethod
    def adjoint_step(self, t: int) -> None:
        """δ_t, the gradient of the pre-activations that W_hh feeds, from the finished ∂ℓ/∂h_t."""

    def rescale(self, t: int, factor: Array) -> None:
        """Multiply all that step t keeps, and hands on to t − 1, by a power of two per example."""
        self.dh[t] *= factor
        self.delta_all.numpy()[t] *= factor
        if self.own_adjoint is not None:
            self.own_adjoint.numpy()[t] *= factor

    def input_delta(self) -> Tensor:
        """The gradient of the pre-activations that W_ih feeds, (time, row, example); the GRU's differs from W_hh's."""
        return self.deltas

    def input_adjoint_step(self, t: int) -> Array:
        """∂ℓ/∂x_t, (feature, example): what the layer below receives."""
        return self.into_input @ self.delta[t]

    def input_delta_step(self, t: int) -> Array:
        """The same of one step, (row, example)."""
        return self.delta[t]

    @property
    def input_adjoint(self) -> Tensor:
        """∂ℓ/∂x_1 … ∂ℓ/∂x_T, (time, feature, example)."""
        return self.weight_ih_transposed @ self.input_delta()

    @property
    def deltas(self) -> Tensor:
        return self.delta_all[1:-1, : len(self.weight)]

    @property
    def hidden_adjoint(self) -> Tensor:
        """∂ℓ/∂h_1 … ∂ℓ/∂h_T, (time, unit, example)."""
        return self.dh_all[1:-1]

    @property
    def cell_state_adjoint(self) -> Tensor | None:
        """∂ℓ/∂c_t with the path c_t → h_t, as autograd gives it, (time, unit, example)."""
        return None

    @property
    def state_adjoint(self) -> tuple[Tensor, ...]:
        """The gradient of the whole state, its parts as independent coordinates: what Jacobian products transport."""
        return (self.hidden_adjoint if self.own_adjoint is None else self.own_adjoint[1:-1],)

    def state_adjoint_step(self, t: int) -> tuple[Array, ...]:
        """The largest that step t keeps of it."""
        return (self.dh[t],)

    def weight_shares(self, exponents: Tensor | None, mean: float) -> tuple[Tensor, Tensor]:
        """Each step's share of ∂L/∂W_hh (time, row, unit) and ∂L/∂W_ih (time, row, feature); over time they sum to it.

        [∂L/∂W]_t = δ_t [h_{t−1}; x_t]ᵀ. 2^exponents (time, example) multiplies each example's adjoint, `mean` all of
        them (1/N for a mean over examples).
        """
        rows = self.rows[:-1, : self.size + self.features]
        both = outer_products(self.deltas, rows, exponents, mean)
        return both[..., : self.size], both[..., self.size :]

    def weight_share(self, t: int, exponents: Array) -> tuple[Scaled, Scaled]:
        """One step's shares alone, (row, unit) and (row, feature), summed over examples. 2^exponents (example,) belongs
        to the adjoint; whatever they are, nothing underflows or overflows.
        """
        rows = self.inputs_of_step[t - 1][:-2].astype(np.float64)
        (delta, exponent), (of_input, of_input_exponent) = (
            aligned(part, exponents) for part in (self.delta[t], self.input_delta_step(t))
        )
        hidden, inputs = rows[: self.size], rows[self.size :]
        return (delta @ hidden.T, exponent), (of_input @ inputs.T, of_input_exponent)

    @abstractmethod
    def jacobian(self, example: Which) -> Tensor:
        """∂s_t/∂s_{t−1} of this layer alone, (…, time, state, state before)."""

    @abstractmethod
    def input_jacobian(self, example: Which) -> Tensor:
        """∂s_t/∂x_t, (…, time, state, feature)."""

    def pull_back(self, example: int) -> Callable[[int, Array, Array], object]:
        """(t, gradients of s_t, gradients of s_{t−1}) fills the last with J_tᵀ times the first, (state, any columns).

        For one example and this layer alone. A cell whose J_t has a structure need not form it.
        """
        transposed = list(self.jacobian(example).mT.numpy())
        return lambda t, after, before: np.dot(transposed[t - 1], after, before)


def columns_of(example: Which) -> slice:
    """The same, as a slice in both cases: the axis stays."""
    return slice(example, example + 1) if isinstance(example, int) else example


def by_example(columns: Tensor, example: Which) -> Tensor:
    """Of (…, example) with no other columns: without that axis, or with it in front."""
    return columns[..., 0] if isinstance(example, int) else columns.movedim(-1, 0)


def of(array: Tensor, example: Which) -> Tensor:
    """What of (…, example) belongs to it: (…) of one, (example, …) of several."""
    return by_example(array[..., columns_of(example)], example)


def sum_over_gates(k: Tensor, weights: Tensor, out: Tensor) -> None:
    """Σ_g diag(k_g) W_g of every step into out (…, time, unit, column). k (…, time, gate, unit), weights (gate, unit, column)

    One product (time, gate) × (gate, column) for each unit writes out once; gate by gate, every gate passes over it.
    """
    if few(out):
        (first, weight), *others = zip(k[..., None].unbind(-3), weights.unbind(0), strict=True)
        torch.mul(first, weight, out=out)
        for each, weight in others:
            out.addcmul_(each, weight)
        return
    by_unit = k.numpy().swapaxes(-1, -2).swapaxes(-2, -3)  # (…, unit, time, gate)
    with np.errstate(all="ignore"):
        np.matmul(by_unit, weights.numpy().swapaxes(0, 1), out=out.numpy().swapaxes(-2, -3))


def few(numbers: Tensor) -> bool:
    """Whether to pass over them a few times: the first matrix product, whose code is in no cache, would cost more."""
    return numbers.nbytes <= FEW_BYTES


def times_power_of_two(mantissa: Tensor, exponents: Tensor) -> Tensor:
    """mantissa × 2^exponents as its dtype can hold it: what lies below becomes 0, what lies above ∞, and 0 stays 0.

    A power that the dtype cannot hold is multiplied in two halves, or 0 · ∞ would give NaN.
    """
    largest = 125 if mantissa.dtype == torch.float32 else 1000
    if int(exponents.abs().max()) <= largest:
        return mantissa * power_of_two(exponents, mantissa.dtype)
    exponents = exponents.clamp(-2 * largest, 2 * largest)
    half = exponents // 2
    return mantissa * power_of_two(half, mantissa.dtype) * power_of_two(exponents - half, mantissa.dtype)


def power_of_two(exponents: Tensor, dtype: torch.dtype) -> Tensor:
    return torch.ldexp(torch.ones_like(exponents, dtype=dtype), exponents)


def outer_products(deltas: Tensor, rows: Tensor, exponents: Tensor | None, mean: float) -> Tensor:
    """mean · δ_t z_tᵀ for every t: (time, row, example), (time, column, example) -> (time, row, column).

    2^exponents (time, example) belongs to δ. Positive powers are taken out of the sum over examples and come last, so
    that an exact zero in z never meets an infinite δ.
    """
    common = None
    if exponents is not None:
        alive = (deltas != 0).any(1)  # an example whose gradient has died must not scale the others down
        common = torch.where(alive, exponents, 0).amax(1, keepdim=True).clamp_min(0)
        deltas = times_power_of_two(deltas, (exponents - common)[:, None])
    # The copy costs a tenth of what a product with a transposed matrix would lose.
    transposed = np.multiply(rows.numpy().swapaxes(1, 2), mean, order="C", dtype=rows.numpy().dtype)
    with np.errstate(all="ignore"):
        products = torch.from_numpy(np.matmul(deltas.numpy(), transposed))
    return products if common is None or not common.any() else times_power_of_two(products, common[:, None])


def aligned(adjoint: Array, exponents: Array) -> Scaled:
    """(row, example) × 2^exponents (example,) as float64 with one exponent for all examples; the largest entry is below 1."""
    largest = np.abs(adjoint).max(0)
    alive = largest != 0  # an example whose gradient has died must not scale the others down
    if not alive.any():
        return np.zeros(adjoint.shape), 0
    common = int((exponents + np.frexp(largest)[1])[alive].max())
    return np.ldexp(adjoint.astype(np.float64), exponents - common), common
