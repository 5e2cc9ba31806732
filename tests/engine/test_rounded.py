"""The backward pass that is really run in a format, against rounding by exact fractions and against the exact gradient."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
import torch

from rnnviz.cells import CELLS, GRU, LSTM, Elman
from rnnviz.diagnostics import DIAGNOSTICS
from rnnviz.diagnostics.diagnose import diagnose
from rnnviz.engine import run
from rnnviz.engine.network import draw_parameters
from rnnviz.engine.rounded import FORMATS, log10_sizes
from rnnviz.experiment import Experiment, LossAtEvery, LossAtStep
from rnnviz.initializers import Gain, Identity
from rnnviz.precision import PRECISIONS
from rnnviz.tasks import Noise

READS = ("rounded_grad_log10_norm", "rounded_grad_log10_largest")
BITS = {"float16": (5, 10), "bfloat16": (8, 7), "float32": (8, 23), "float64": (11, 52)}  # of exponent and of fraction


def nearest(value: Fraction, name: str) -> Fraction | float:
    """The number of a format next to an exact value, ties to even, subnormal ones among them; ∞ beyond the largest."""
    exponent_bits, fraction_bits = BITS[name]
    lowest = 2 - 2 ** (exponent_bits - 1)  # exponent of the smallest normal number
    if value == 0:
        return Fraction(0)
    size = abs(value)
    exponent = size.numerator.bit_length() - size.denominator.bit_length()
    exponent -= Fraction(2) ** exponent > size
    unit = Fraction(2) ** (max(exponent, lowest) - fraction_bits)
    rounded = round(size / unit) * unit  # Python rounds halves to even
    if rounded >= Fraction(2) ** (1 - lowest + 1):
        return math.inf
    return rounded if value > 0 else -rounded


def scalar(ratio: float, length: int, dtype: str = "float64") -> Experiment:
    """h_t = r h_{t−1} + w x_t: the backward pass is r^lag, whatever comes in."""
    cell, start = Elman(hidden_size=1, activation="identity"), Identity(scale=Gain(gain=ratio))
    return Experiment(
        task=Noise(sequence_length=length, variance=0.25), cell=cell, initializer=start, batch_size=1, dtype=dtype
    )


def log10(value: Fraction | float) -> float:
    if isinstance(value, float):
        return math.log10(value) if value else -math.inf
    if not value:
        return -math.inf
    return (math.log2(value.numerator) - math.log2(value.denominator)) * math.log10(2)


@pytest.mark.parametrize("name", BITS)
@pytest.mark.parametrize(("ratio", "length"), [(0.5, 1200), (1 / math.sqrt(3), 400), (0.9, 400), (4.0, 60)])
def test_a_scalar_network_rounds_step_by_step_as_exact_fractions_do(name, ratio, length):
    """a_{t−1} = round(r̂ a_t) with r̂ and a_T cast once: ½ ends at 0, .9 sticks at a subnormal number, 4 overflows."""
    data = run(scalar(ratio, length), record=(*READS, "hidden_state_grad")).data
    norms = data[READS[0]].sel(precision=name).values[::-1, 0]
    value, r = (nearest(Fraction(float(one)), name) for one in (abs(data.hidden_state_grad.values[0, -1, 0, 0]), ratio))
    expected = []
    for _ in range(length):
        expected.append(log10(value))
        value = nearest(r * value, name) if value != math.inf else value
    assert norms == pytest.approx(expected, abs=1e-12)
    assert data[READS[1]].sel(precision=name).values[::-1, 0] == pytest.approx(expected, abs=1e-12)


def test_row_14_powers_of_a_half_end_where_the_formats_do():
    """NUMBERS row 14, from a_T = 1: r^t is last a normal number at t = 14 and last not zero at t = 24 in float16; 126 and
    149 in float32; bfloat16 has float32's exponents and 16 bits less, so 126 and 133."""
    value, seen = {name: Fraction(1) for name in BITS}, {name: [] for name in BITS}
    for _ in range(1100):
        for name in BITS:
            seen[name].append(log10(value[name]))
            value[name] = nearest(value[name] / 2, name)
    last = {
        name: (
            max(t for t, y in enumerate(curve) if y >= PRECISIONS[name].normal),
            max(t for t, y in enumerate(curve) if y > -math.inf),
        )
        for name, curve in seen.items()
    }
    assert last == {"float16": (14, 24), "bfloat16": (126, 133), "float32": (126, 149), "float64": (1022, 1074)}


@pytest.mark.parametrize("cell", CELLS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("loss", [None, LossAtStep(step=9), LossAtEvery()], ids=["last", "step", "every"])
@pytest.mark.parametrize("layers", [1, 2])
def test_in_float64_it_is_the_gradient_itself(cell, loss, layers):
    """Rounding to float64 is all that the exact pass does too: T sums over n numbers, each good to 2⁻⁵³."""
    made = Experiment(
        task=Noise(sequence_length=20), cell=cell(hidden_size=5, layers=layers), batch_size=3, dtype="float64",
        **({"loss": loss} if loss else {}),
    )  # fmt: skip
    data = run(made, record=(*READS, "state_grad_log10_norm")).data
    rounded, exact = data[READS[0]].sel(precision="float64").values, data.state_grad_log10_norm.values
    assert (np.isneginf(rounded) == np.isneginf(exact)).all() and np.isfinite(exact).any()
    there = np.isfinite(exact)
    assert rounded[there] == pytest.approx(exact[there], abs=20 * 20 * 2.0**-53 * 10)


@pytest.mark.parametrize(("name", "tolerance"), [("float32", 20 * 16 * 2.0**-24), ("bfloat16", 20 * 16 * 2.0**-8)])
def test_a_healthy_gradient_keeps_what_its_roundings_leave(name, tolerance):
    """T steps, each with sums over n numbers rounded once: at most about T·n·u of a gradient that is not lost."""
    made = Experiment(
        task=Noise(sequence_length=20), cell=LSTM(hidden_size=8, forget_bias=3.0), batch_size=4, dtype="float64"
    )
    data = run(made, record=(*READS, "state_grad_log10_norm")).data
    off = data[READS[0]].sel(precision=name).values - data.state_grad_log10_norm.values
    assert np.abs(10**off - 1).max() < min(tolerance, 0.2)
    assert np.abs(off).max() > 0  # it was rounded


def test_float16_is_torchs_own_arithmetic():
    """One step of a vanilla network with weights that float16 holds: Wᵀ(D ∘ a), D = 1 − h², rounded where torch rounds."""
    made = Experiment(task=Noise(sequence_length=2), cell=Elman(hidden_size=4), batch_size=1, dtype="float64")
    weights = {name: value.half().double() for name, value in draw_parameters(made).items()}
    trace = run(made, record=(*READS, "hidden_state_grad", "hidden_state", "input"), parameters=weights).data
    a = torch.from_numpy(trace.hidden_state_grad.values[0, -1].copy()).half()
    state = torch.from_numpy(trace.hidden_state.values[0, 0].copy()).half()
    x = torch.from_numpy(trace.input.values[1].copy()).half()
    w = {name: value.half() for name, value in weights.items()}
    h = torch.tanh(x @ w["weight_ih_l0"].T + w["bias_ih_l0"] + state @ w["weight_hh_l0"].T + w["bias_hh_l0"])
    slope = (1 - h.float() ** 2).half()
    expected = ((a * slope).float() @ w["weight_hh_l0"].float()).half().double().norm().log10()
    # torch multiplies a by 1 − h² within one kernel, in float32: at most two roundings to float16 apart.
    assert trace[READS[0]].sel(precision="float16").values[0, 0] == pytest.approx(float(expected), abs=3 * 2.0**-10)


@pytest.mark.parametrize("name", ["float16", "bfloat16"])
def test_matrix_products_add_up_in_float32(name):
    """What the docstring of engine.rounded says: 4 096 ones add up to 4 096; kept in the format they stick far below."""
    ones = torch.ones(2, 4096, dtype=FORMATS[name])
    assert (ones @ ones.T).tolist() == [[4096.0] * 2] * 2
    total = torch.zeros((), dtype=FORMATS[name])
    for one in ones[0]:
        total = total + one
    assert float(total) == {"float16": 2048, "bfloat16": 256}[name]


def test_sizes_of_what_is_zero_tiny_huge_and_not_finite():
    adjoint = torch.tensor([[0.0, 0.0], [3e-300, 4e-300], [3e300, 4e300], [1.0, math.inf], [math.nan, 0.0]]).double()
    adjoint[1:3] = torch.tensor([[3e-300, 4e-300], [3e300, 4e300]], dtype=torch.float64)
    norm, largest = log10_sizes(adjoint)
    assert norm[1:3] == pytest.approx([math.log10(5) - 300, math.log10(5) + 300], abs=1e-12)
    assert largest[1:3] == pytest.approx([math.log10(4) - 300, math.log10(4) + 300], abs=1e-12)
    assert norm[[0, 3, 4]].tolist() == largest[[0, 3, 4]].tolist() == [-math.inf, math.inf, math.inf]


def test_the_formats_are_torchs():
    for name, one in PRECISIONS.items():
        about = torch.finfo(FORMATS[name])
        tiniest = about.smallest_normal * about.eps
        known = [about.smallest_normal, tiniest, about.max, about.eps / 2]
        assert list(one) == pytest.approx([math.log10(x) for x in known], abs=1e-12)


def test_the_diagnostic_gives_bands_and_a_run_without_gradient_gives_no_steps():
    need = [DIAGNOSTICS["rounded_gradient"]]
    made = Experiment(task=Noise(sequence_length=7), cell=GRU(hidden_size=3), batch_size=5)
    found = diagnose(made, need).rounded_gradient
    low, median, high = (found.sel(of_rounded=band).values for band in ("low", "median", "high"))
    assert found.shape == (4, 4, 7) and (low <= median).all() and (median <= high).all()
    assert (found.sel(of_rounded="largest").values <= high).all()
    wild = scalar(4.0, 400, "float32")
    assert diagnose(wild, need).attrs["outcome"] == "diverged"
    assert diagnose(wild, need).rounded_gradient.sizes["time"] == 0
