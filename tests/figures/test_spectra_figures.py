"""The figures of spectra, products and itemised backpropagation, where what they must show is known."""

from __future__ import annotations

import base64
import math

import numpy as np
import pytest

from rnnviz.cells import GRU, LSTM, Elman
from rnnviz.diagnostics import DIAGNOSTICS
from rnnviz.diagnostics.diagnose import diagnose
from rnnviz.engine import run
from rnnviz.experiment import Experiment, LossAtEvery
from rnnviz.figures import (
    BpttMap,
    JacobianPaths,
    Look,
    LyapunovConvergence,
    LyapunovSpectrum,
    Result,
    SingularSpectrum,
    StepEigenvalues,
    StepNorms,
    TruncationBias,
)
from rnnviz.figures.lyapunov import converged, kaplan_yorke, slowest_gate, statistics
from rnnviz.figures.predictions import of_exponents, of_products
from rnnviz.figures.singular_spectrum import mean_square
from rnnviz.figures.step_eigenvalues import ratio
from rnnviz.initializers import Gain, Gaussian, NonNormal, Orthogonal, SpectralRadius
from rnnviz.tasks import Impulse, Noise
from rnnviz.text import Text

SPECTRA = (SingularSpectrum, JacobianPaths, StepEigenvalues, StepNorms, BpttMap, TruncationBias, LyapunovSpectrum,
           LyapunovConvergence)  # fmt: skip


def result_of(cell, figure, seeds: int = 1, **rest) -> dict[str, Result]:
    options = {"task": Noise(sequence_length=40), "cell": cell, "batch_size": 2, "dtype": "float64"} | rest
    made = [Experiment(**options, seed=seed) for seed in range(seeds)]
    needs = [DIAGNOSTICS[name] for name in (figure() if isinstance(figure, type) else figure).needs]
    return {f"seed-{k}": Result(one, diagnose(one, needs)) for k, one in enumerate(made)}


def numbers(array: dict[str, str]) -> np.ndarray:
    return np.frombuffer(base64.b64decode(array["bdata"]), "<f4")


def linear(gain: float, **rest):
    return {"initializer": Orthogonal(scale=Gain(gain=gain)), **rest}


def test_an_orthogonal_linear_network_is_one_line_of_singular_values():
    """Row 1: every σ is 0.9^lag: 0.9^40 = 0.0148, condition number 1."""
    results = result_of(Elman(hidden_size=4, activation="identity"), SingularSpectrum, **linear(0.9))
    said = SingularSpectrum().reading(results, Text())
    assert said.count("**0.0148**") == 2 and "condition number is **1**" in said and "float32" not in said
    drawn = SingularSpectrum()(results, Text(), Look())
    assert numbers(drawn["data"][-1]["y"])[-1] == pytest.approx(40 * math.log10(0.9), rel=1e-6)


def test_directions_that_a_format_loses_are_counted():
    results = result_of(Elman(hidden_size=5), SingularSpectrum, **linear(0.05))
    said = SingularSpectrum().reading(results, Text())
    assert "Of 5 directions" in said and "float16 5, bfloat16 5, float32 5." in said


def test_the_product_of_gates_is_the_story_without_recurrent_weights_and_not_with_strong_ones():
    """Rows 6 and 7; at gain 2 and gates at one half the detours are far stronger than ∏ f = 2^−40."""
    held = result_of(LSTM(hidden_size=4, forget_bias=3.0), JacobianPaths, **linear(0.0))
    assert "tells the story" in JacobianPaths().reading(held, Text())
    torn = result_of(LSTM(hidden_size=16), JacobianPaths, **linear(2.0))
    assert "is not the story" in JacobianPaths().reading(torn, Text())
    names = [trace["name"] for trace in JacobianPaths()(torn, Text(), Look())["data"]]
    assert names == ["h→h at every step", "c→h→c", "direct c→c, ∏ f", Text()("figure.jacobian_paths.all")]
    for bias in (1.0, 3.0, 6.0):  # at 3 the detours are stronger than ∏ z, though ∏ z is near the whole
        one = result_of(GRU(hidden_size=16, update_bias=bias), JacobianPaths)
        end = {str(p): one["seed-0"].data["jacobian_paths"].sel(path=p).values[-1] for p in ("all", "direct", "detour")}
        tells = 10 ** abs(end["all"] - end["direct"]) < 2 and end["detour"] < end["direct"]
        assert ("tells the story" in JacobianPaths().reading(one, Text())) == tells
    gru = result_of(GRU(hidden_size=4, update_bias=1.0), JacobianPaths)
    assert "direct h→h, ∏ z" in [trace["name"] for trace in JacobianPaths()(gru, Text(), Look())["data"]]
    assert "no direct path" in JacobianPaths().reading(result_of(Elman(hidden_size=4), JacobianPaths), Text())


def test_the_lens_on_a_chain():
    """Row 3: ρ = .8, σ₁ = 1.22965 for four units, at every step of a network at rest: σ₁/ρ = 1.54."""
    chain = NonNormal(scale=SpectralRadius(spectral_radius=0.8), chain=0.625)
    quiet = {"initializer": chain, "task": Noise(sequence_length=40, variance=0.0)}
    results = result_of(Elman(hidden_size=4), StepEigenvalues, **quiet)
    said = StepEigenvalues(time=7).reading(results, Text())
    assert "at step 7" in said and "ρ(J) = **0.8**" in said and "σ₁/ρ = **1.54**" in said
    norms = StepNorms().reading(result_of(Elman(hidden_size=4), StepNorms, **quiet), Text())
    assert "σ₁ = **1.23**" in norms and "ρ = **0.8**" in norms and "promises 1.54 times" in norms


def test_the_circle_of_one_over_gamma_belongs_to_the_sigmoid_alone():
    def circles(cell):
        results = result_of(cell, StepEigenvalues, **linear(2.0))
        return [shape["x1"] for shape in StepEigenvalues()(results, Text(), Look())["layout"]["shapes"]]

    assert circles(Elman(hidden_size=4, activation="sigmoid")) == [1.0, 4.0]
    assert circles(Elman(hidden_size=4)) == circles(LSTM(hidden_size=4, activation="sigmoid")) == [1.0]


def test_a_step_moves_the_eigenvalues_and_the_cursor():
    results = result_of(LSTM(hidden_size=4), StepEigenvalues)
    early, late, beyond = (StepEigenvalues(time=t)(results, Text(), Look()) for t in (2, 40, 500))
    assert early["data"][1]["x"] != late["data"][1]["x"] and early["data"][0] == late["data"][0]
    assert late == beyond
    few, many = (StepNorms(time=t)(results, Text(), Look())["data"] for t in (2, 40))
    assert few[:2] == many[:2] and few[2]["y"] != many[2]["y"]


def test_a_ratio_for_a_reader():
    assert (ratio(3.0, 2.0), ratio(1.0, 0.0), ratio(0.0, 0.0)) == ("1.5", "∞", "—")


def test_what_truncation_cuts_off_is_veiled():
    results = result_of(Elman(hidden_size=4), BpttMap, loss=LossAtEvery())
    whole, cut = (BpttMap(truncation_length=tau)(results, Text(), Look())["data"] for tau in (40, 5))
    assert [trace["type"] for trace in whole] == ["heatmap", "scatter"]
    assert [trace["type"] for trace in cut] == ["heatmap", "heatmap", "scatter"]
    veil = numbers(cut[1]["z"]).reshape(40, 40)
    lag = np.arange(40)[:, None] - np.arange(40)[None]
    assert (np.isfinite(veil) == (lag >= 5)).all()
    drawn = numbers(cut[0]["z"]).reshape(40, 40)
    assert (np.isfinite(drawn) == (lag >= 0)).all()


def test_a_linear_orthogonal_network_hears_its_past_by_powers_of_the_gain():
    """‖∂ℓ_t/∂s_k‖ = .9^(t−k) ‖∂ℓ_t/∂s_t‖; a loss cut off after 5 steps no longer hears what lies 5 steps back."""
    results = result_of(Elman(hidden_size=4, activation="identity"), BpttMap, **linear(0.9))
    assert f"at **{0.9**39:.3g}** of" in BpttMap().reading(results, Text())
    said = BpttMap(time=12, truncation_length=5).reading(results, Text())
    assert f"step 12 hears the first state, 11 steps back, at **{0.9**11:.3g}** of" in said
    assert f"silences it from **{0.9**5:.3g}** on" in said
    assert "silences" not in BpttMap(time=12, truncation_length=12).reading(results, Text())


def test_the_row_of_the_chosen_loss_is_drawn_as_a_curve_with_its_own_veil():
    results = result_of(Elman(hidden_size=4), BpttMap)
    norms = results["seed-0"].data["bptt_map"].values
    drawn = BpttMap(time=12, truncation_length=5)(results, Text(), Look())
    row, layout = drawn["layout"]["meta"]["row"], drawn["layout"]
    assert numbers(drawn["data"][row["curve"]]["y"])[:12] == pytest.approx(norms[11, :12], rel=1e-5)
    assert np.isnan(numbers(drawn["data"][row["curve"]]["y"])[12:]).all() and row["at"] == 11
    assert layout["shapes"][row["cut"]]["x1"] == 7.5 and "step 12" in layout["annotations"][row["label"]]["text"]
    assert (
        drawn["data"][row["map"]]["type"] == "heatmap"
        and "12".join(row["words"]) in layout["annotations"][row["label"]]["text"]
    )
    late = BpttMap(time=500)(results, Text(), Look())
    assert late["layout"]["meta"]["row"]["at"] == 39


def test_the_bias_of_truncation_is_said_at_the_chosen_length():
    results = result_of(Elman(hidden_size=4), TruncationBias, loss=LossAtEvery(), **linear(0.9))
    bias, cosine = results["seed-0"].data["truncated_gradient"].sel(truncation=5).values
    said = TruncationBias(truncation_length=5).reading(results, Text())
    assert f"by **{float(f'{bias:.3g}'):g}** of" in said and f"**{cosine:.4f}**" in said
    assert "nothing is cut off" in TruncationBias(truncation_length=40).reading(results, Text())
    dead = result_of(Elman(hidden_size=4, activation="relu"), TruncationBias, initializer=Gaussian(scale=Gain(gain=0.0)),
                     task=Impulse(sequence_length=10))  # fmt: skip
    assert "exactly zero" in TruncationBias().reading(dead, Text())


def test_a_network_that_forgets_has_negative_exponents_and_an_orthogonal_linear_one_is_neutral():
    lost = result_of(Elman(hidden_size=6), LyapunovSpectrum, 3, **linear(0.5))
    assert "dies out" in LyapunovSpectrum(warm_up=10).reading(lost, Text())
    kept = result_of(Elman(hidden_size=6, activation="identity"), LyapunovSpectrum, 3, **linear(1.0))
    assert "zero within the error" in LyapunovSpectrum(warm_up=10).reading(kept, Text())
    drawn = LyapunovSpectrum(warm_up=10)(lost, Text(), Look())
    assert "3 seeds, 10 steps of warm-up" in drawn["layout"]["title"]["subtitle"]["text"]
    assert numbers(drawn["data"][0]["error_y"]["array"]).shape == (6,)
    lines = LyapunovConvergence(warm_up=10)(lost, Text(), Look())["data"]
    assert [trace["name"] for trace in lines if "name" in trace] == [f"λ<sub>{k}</sub>" for k in (1, 2, 4)]


def test_chaos_is_said_with_its_dimension_and_the_theory():
    """Row 20: g = 3, λ₁ = .310 for N → ∞; a small network only needs the sign."""
    wild = {"initializer": Gaussian(scale=Gain(gain=3.0)), "task": Impulse(sequence_length=300)}
    results = result_of(Elman(hidden_size=64), LyapunovSpectrum, 3, **wild)
    said = LyapunovSpectrum(warm_up=100).reading(results, Text())
    assert "chaos" in said and "Kaplan–Yorke dimension" in said and "λ₁ = 0.3102" in said and "Sompolinsky" in said
    alone = LyapunovSpectrum(warm_up=100).reading({"seed-0": results["seed-0"]}, Text())
    assert "a single seed" in alone


def test_a_linear_network_that_grows_is_not_called_chaotic():
    """Row 1: λ_i = ln 1.2 = .1823 for every i."""
    said = LyapunovSpectrum(warm_up=10).reading(
        result_of(Elman(hidden_size=4, activation="identity"), LyapunovSpectrum, **linear(1.2)), Text()
    )
    assert "λ₁ = **0.1823**" in said and "4 of 4 directions" in said and "explode" in said and "chaos" not in said


def test_theory_is_shown_only_where_it_holds():
    def named(cell, initializer=None, task=None, untied=False) -> str | None:
        found = of_exponents(
            Experiment(cell=cell, initializer=initializer or Gaussian(scale=Gain(gain=1.5)), task=task or Impulse()),
            untied,
        )
        return found and found.name

    assert named(Elman()) == "mean_field" and named(Elman(activation="identity")) == "circular_law"
    assert named(Elman(activation="identity"), untied=True) == "newman" and named(Elman(), untied=True) == "mean_field"
    assert named(Elman(), Gaussian(scale=Gain(gain=0.9))) == "circular_law"  # at rest, where φ' = 1
    assert named(Elman(), task=Noise(features=64)) == "mean_field" and named(Elman(activation="relu"), task=Noise())
    for elsewhere in (
        named(LSTM()), named(Elman(layers=2)), named(Elman(), Orthogonal(scale=Gain())), named(Elman(), task=Noise()),
        named(Elman(), Gaussian(scale=SpectralRadius())), named(Elman(), Gaussian(scale=Gain(gain=0.0))),
    ):  # fmt: skip
        assert elsewhere is None


def test_theory_of_products_is_shown_only_where_it_holds():
    def named(cell, initializer, task=None) -> list[str]:
        made = Experiment(cell=cell, initializer=initializer, task=task or Noise())
        return [one.name for one in of_products(made, 1.5, np.arange(10))]

    gaussian, line = Gaussian(scale=Gain(gain=1.5)), Elman(activation="identity")
    assert named(line, Orthogonal(scale=Gain())) == ["orthogonal"] and named(line, gaussian) == ["pascanu", "power"]
    assert named(Elman(), gaussian, Noise(features=64)) == ["pascanu", "mean_field_product"]
    assert named(Elman(), gaussian) == named(Elman(), Orthogonal(scale=Gain())) == ["pascanu"]
    assert named(LSTM(), gaussian) == named(Elman(layers=2), gaussian) == []
    (power,) = (
        one
        for one in of_products(Experiment(cell=line, initializer=gaussian), 1.5, np.arange(10))
        if one.name == "power"
    )
    assert np.isfinite(power.values).tolist() == [lag * lag <= line.hidden_size for lag in range(10)]


def test_the_curves_of_theory_run_along_and_above_what_was_measured():
    """Row 1: g^lag is σ₁ itself. Row 2: no σ₁ lies above (γσ₁(W))^lag."""
    exact = result_of(Elman(hidden_size=4, activation="identity"), SingularSpectrum, **linear(0.9))["seed-0"]
    (rotation,) = SingularSpectrum().theories(exact)
    assert rotation.values == pytest.approx(exact.data["singular_spectrum"].values[:, 0], abs=1e-10)
    bounded = result_of(Elman(hidden_size=12), SingularSpectrum, initializer=Gaussian(scale=Gain(gain=1.3)))
    (bound,) = SingularSpectrum().theories(bounded["seed-0"])
    assert (bounded["seed-0"].data["singular_spectrum"].values[1:, 0] < bound.values[1:]).all()
    drawn = SingularSpectrum()(bounded, Text(), Look())["data"]
    assert drawn[-1]["name"].startswith("bound") and "Pascanu, Mikolov" in SingularSpectrum().reading(bounded, Text())
    assert "log10_pascanu" in SingularSpectrum().data(bounded)


def test_mean_field_speaks_of_the_root_mean_square_of_all_singular_values():
    """χ^{lag/2}: the mean over eight networks of N = 64 strays by lag/√(8N) nepers, twice which is .38 decades at lag 10."""
    white = {
        "initializer": Gaussian(scale=Gain(gain=1.5)),
        "task": Noise(sequence_length=40, features=64),
        "batch_size": 1,
    }
    results = result_of(Elman(hidden_size=64), SingularSpectrum, 8, **white)
    found = np.mean([mean_square(one.data["singular_spectrum"].values) for one in results.values()], 0)
    _, theory = SingularSpectrum().theories(results["seed-0"])
    at = int(np.flatnonzero(results["seed-0"].data["kept_lag"].values == 10)[0])
    assert theory.values[at] < -0.5 and abs(found[at] - theory.values[at]) < 2 * 10 / math.sqrt(8 * 64) / math.log(10)
    names = [trace.get("name", "") for trace in SingularSpectrum()(results, Text(), Look())["data"]]
    assert "root mean square of all σ" in names and any(name.startswith("mean field") for name in names)
    logs = np.array([[math.log10(4), math.log10(3)], [math.log10(5), -math.inf], [-math.inf, -math.inf]])
    assert mean_square(logs) == pytest.approx([0.5 * math.log10(12.5)] * 2 + [-math.inf])


def test_newmans_exponents_are_those_of_fresh_weights_and_not_of_tied_ones():
    """Rows 18 and 19. Error of a mean over 3 · 1 500 fresh matrices as in row 18: five times 1.11/√4 500."""
    gauss = {"initializer": Gaussian(scale=Gain(gain=1.0)), "task": Noise(sequence_length=2000, variance=0.0)}
    figure = LyapunovSpectrum(untied=True)
    results = result_of(Elman(hidden_size=16, activation="identity"), figure, 3, **gauss)
    predicted, found = figure.predicted(results), figure.drawn(results)
    tied, untied = (statistics(found[name].last)[0] for name in ("measured", "untied"))
    assert untied == pytest.approx(predicted["newman"].values, abs=5 * 1.11 / math.sqrt(4500))
    moduli = [np.sort(np.log(np.abs(np.linalg.eigvals(weight_of(one)))))[::-1] for one in results.values()]
    assert tied[0] == pytest.approx(np.mean(moduli, 0)[0], abs=0.02) and abs(tied - untied).max() > 0.3
    drawn = figure(results, Text(), Look())["data"]
    assert [trace["mode"] for trace in drawn] == ["markers", "markers", "lines", "lines"]
    said = figure.reading(results, Text())
    assert "Newman (1986)" in said and "Girko 1985" in said and "Newman" in figure.table(results, Text())
    assert set(figure.data(results)["weights"]) == {"tied", "untied"}


def weight_of(result: Result) -> np.ndarray:
    return run(result.experiment, record=["weight_hh"]).data.weight_hh.values[0]


def test_a_warm_up_is_measured_by_the_slowest_gate():
    """Row 6: f = σ(3) = .952574 at rest, −1/ln f = 20.58 steps, five of which are 103."""
    held = {"initializer": Orthogonal(scale=Gain(gain=0.0))}
    for length, said in ((100, "too short"), (400, "outlasts 5 of those")):
        quiet = {"task": Noise(sequence_length=length, variance=0.0), **held}
        results = result_of(LSTM(hidden_size=3, forget_bias=3.0), LyapunovConvergence, **quiet)
        assert slowest_gate(results) == pytest.approx(-1 / math.log(0.952574), rel=1e-5)
        told = LyapunovConvergence(warm_up=200).reading(results, Text())
        assert said in told and "20.6 steps" in told
    vanilla = result_of(Elman(hidden_size=3), LyapunovConvergence)
    assert slowest_gate(vanilla) == 0 and "gate" not in LyapunovConvergence(warm_up=10).reading(vanilla, Text())


def test_the_dimension_of_kaplan_and_yorke():
    assert kaplan_yorke(np.array([0.5, 0.0, -1.0, -2.0])) == pytest.approx(2.5)
    assert kaplan_yorke(np.array([-0.1, -1.0])) == 0 and kaplan_yorke(np.array([0.3, 0.1])) == 2
    assert kaplan_yorke(np.array([0.5, -np.inf])) == 1


def test_a_warm_up_beyond_the_middle_means_the_middle_and_lost_directions_stay_lost():
    results = result_of(Elman(hidden_size=6), LyapunovSpectrum, **linear(0.5))
    assert converged(results, 5_000).warm_up == 20
    mean, deviation = statistics(np.array([[1.0, -np.inf], [3.0, -2.0]]))
    assert mean.tolist() == [2.0, -np.inf] and deviation.tolist() == pytest.approx([math.sqrt(2), 0.0])


@pytest.mark.parametrize("figure", SPECTRA)
def test_a_network_that_overflowed_at_once_is_said_and_not_drawn(figure):
    wild = {"initializer": Gaussian(scale=Gain(gain=4.0)), "dtype": "float32", "task": Noise(sequence_length=400)}
    results = result_of(Elman(hidden_size=32, activation="identity"), figure, **wild)
    assert results["seed-0"].data.attrs["outcome"] == "diverged"
    assert "overflow" in figure()(results, Text(), Look())["layout"]["title"]["subtitle"]["text"]
    assert figure().reading(results, Text())
