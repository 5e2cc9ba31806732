"""Figures of trainings against logs whose every number is known; each of them in both languages, light and dark."""

from __future__ import annotations

import base64
import itertools
import json
import math
import re
from functools import cache

import numpy as np
import plotly.graph_objects as go
import pytest
import xarray as xr

import rnnviz
from rnnviz.api import results_of
from rnnviz.cells import GRU, LSTM, Elman
from rnnviz.clipping import ByNorm, ByValue
from rnnviz.comparing import Cells, Clippings, ForgetBiases, IdentityStart, side_by_side
from rnnviz.diagnostics.training_result import ended, outcome_of
from rnnviz.engine import train
from rnnviz.engine.training_log import TrainingLog
from rnnviz.experiment import Experiment, LossAtEvery, Study
from rnnviz.export import FORMATS, Picture
from rnnviz.figures import FigureDict, Look, Result, Results
from rnnviz.figures.training import (
    TRAINING_FIGURES,
    GradientFilm,
    GradientHorizon,
    GradientNorm,
    LearningCurve,
    Prediction,
    RecurrentSpectrum,
    TrainingGates,
    UpdateRatio,
)
from rnnviz.figures.training.panels import decades_ticks
from rnnviz.figures.training.runs import POINTS, arms, bin_size, names_of
from rnnviz.optimizers import SGD
from rnnviz.tasks import Adding, TemporalOrder
from rnnviz.text import LANGUAGES, Text
from rnnviz.trace import COMPLETED, Outcome
from rnnviz.training import Training

EN = Text()
BASE = Experiment(task=Adding(sequence_length=6), cell=LSTM(hidden_size=4), batch_size=4, training=Training(updates=12))
every_figure = pytest.mark.parametrize("figure", TRAINING_FIGURES, ids=lambda figure: figure.__name__)
every_language = pytest.mark.parametrize("language", LANGUAGES)


@cache
def small() -> Results:
    """Three cells, two seeds, twelve updates: trained."""
    return results_of(side_by_side(BASE, Cells(), 2), ("loss",))


@cache
def classes() -> Results:
    """A task with right and wrong answers, a loss at every step, clipped by value, and a run that diverged."""
    task = TemporalOrder(sequence_length=12)
    base = Experiment(task=task, loss=LossAtEvery(), cell=GRU(hidden_size=3, layers=2), batch_size=3,
                      training=Training(updates=9, clipping=ByValue(threshold=0.01)))  # fmt: skip
    lost = base.changed({"cell": "elman", "training.optimizer": "sgd", "training.clipping": "none"})
    data = made_up(lost, {"loss": [1.0, math.nan]}, Outcome("diverged", "gradient", 0, "float32", 1, "weight_hh_l0"))
    return {**results_of(Study(base=base), ("loss",)), "lost": data}


def made_up(
    experiment: Experiment, rows: dict[str, list], outcome: Outcome | None = COMPLETED, every: int = 1
) -> Result:
    """The log of a training in which everything that is written down is given: rows of updates or of snapshots."""
    log = TrainingLog(experiment, ("weight_hh_l0", "weight_ih_l0"), every)
    log.rows = {name: np.array(row, float) for name, row in rows.items()}
    of_snapshots = {"gradient_profile", "gate_mean", "gate_saturation", "spectral_radius", "singular_value", "answer"}
    log.snapshots = [
        every * k for k in range(max((len(row) for name, row in rows.items() if name in of_snapshots), default=0))
    ]
    made = max((len(row) for name, row in rows.items() if name not in {*of_snapshots, "target"}), default=0)
    return Result(experiment, ended(log.dataset(made), outcome))


def numbers(array: dict[str, str]) -> np.ndarray:
    found = np.frombuffer(base64.b64decode(array["bdata"]), array["dtype"])
    return found.reshape([int(size) for size in array["shape"].split(",")]) if "shape" in array else found


def lines(figure: FigureDict, axis: str = "y") -> dict[str, np.ndarray]:
    """The median curves of a panel by their names."""
    return {
        trace["name"]: numbers(trace["y"])
        for trace in figure["data"]
        if trace.get("yaxis", "y") == axis and "name" in trace
    }


def as_json(figure: FigureDict) -> str:
    return json.dumps(figure, allow_nan=False, sort_keys=True)


# — the law of figures —


@every_figure
@every_language
@pytest.mark.parametrize("dark", [False, True])
def test_every_figure_draws_and_speaks(figure, language, dark):
    text, look = Text(language), Look(dark)
    for results in (small(), classes(), {}):
        before = {name: result.data.copy(deep=True) for name, result in results.items()}
        drawn = figure()(results, text, look)
        assert as_json(drawn) == as_json(figure()(results, text, look))
        for words in (figure().reading(results, text), *map(str, figure().table(results, text).to_numpy().ravel())):
            assert words and not re.search(r"[{}]|\bnan\b|\binf\b", words), words
        for trace in drawn["data"]:
            if "hovertemplate" in trace:
                assert re.fullmatch(r"[^{}]*(%\{[xyz](:[^{}]*)?\}[^{}]*)*", trace["hovertemplate"])
        for name, result in results.items():
            xr.testing.assert_identical(result.data, before[name])


@every_figure
def test_plotly_accepts_every_figure_and_another_language_changes_no_number(figure):
    for results in (small(), classes()):
        english, korean = (figure()(results, Text(language), Look()) for language in LANGUAGES)
        go.Figure(english)
        for axis in ("x", "y", "z"):
            assert [trace.get(axis) for trace in english["data"]] == [trace.get(axis) for trace in korean["data"]]
        assert english["layout"]["title"]["text"] != korean["layout"]["title"]["text"]
        assert len(figure().data(results)) > 0 or (figure is GradientHorizon and results is classes())


@every_figure
def test_a_figure_is_drawn_of_an_experiment_that_is_trained_for_it_and_taken_home(figure):
    study = side_by_side(BASE.changed({"training.updates": 3}), Cells(), 1)
    results = results_of(study, figure().needs)
    assert rnnviz.draw(figure(), results).to_json() == rnnviz.draw(figure.model_fields["kind"].default, study).to_json()
    picture = Picture(figure(), study, results)
    made = {one.name: one.make(picture) for one in FORMATS if Picture in one.takes and not one.by_browser}
    assert json.loads(made["json"])["figure"] == figure().kind and made["csv"].count(b"\n") > 2
    scope: dict = {}
    code = made["py"].decode().replace("figure.show()", "")
    exec(compile(code, "taken", "exec"), scope)  # what a reader would do with the lines
    assert scope["figure"].to_json() == rnnviz.draw(figure(), results).to_json()


# — arms —


def test_runs_that_differ_in_their_seed_alone_are_one_arm():
    found = arms(small(), EN)
    assert [arm.name for arm in found] == ["Vanilla · tanh", "LSTM · tanh", "GRU · tanh"]
    assert [[run.experiment.seed for run in arm.runs] for arm in found] == [[0, 1]] * 3
    assert [arm.colour(Look()) for arm in found] == [Look().colour(cell) for cell in ("elman", "lstm", "gru")]


def test_arms_of_one_cell_are_named_and_coloured_apart():
    study = side_by_side(BASE, ForgetBiases(), 1).experiments()
    found = arms({name: made_up(one, {}) for name, one in study.items()}, EN)
    assert [arm.name for arm in found] == [f"LSTM · tanh · b_f = {value}" for value in (0, 1, 5)]
    assert len({arm.colour(Look()) for arm in found}) == 3
    starts = list(side_by_side(BASE, IdentityStart(), 1).experiments().values())
    assert names_of(starts, EN) == ["Vanilla · ReLU", "Vanilla · tanh", "LSTM · tanh"]  # long names leave no room
    clippings = list(side_by_side(BASE, Clippings(), 1).experiments().values())
    assert names_of(clippings, EN)[1] == "Vanilla · tanh · Clipping: by norm"


def test_colours_of_arms_stand_out_from_the_paper():
    def luminance(colour: str) -> float:
        channels = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
        r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    for look, place in itertools.product((Look(), Look(True)), range(4)):
        low, high = sorted((luminance(look.paper), luminance(look.of_several(place))))
        assert (high + 0.05) / (low + 0.05) >= 3


# — loss and accuracy —


def two_seeds(**training) -> tuple[Experiment, Experiment]:
    one = BASE.changed({"cell": "elman", **training})
    return one, one.changed({"seed": 1})


def test_the_loss_is_the_median_over_seeds_with_all_of_them_in_the_band():
    one, other = two_seeds()
    third = one.changed({"seed": 2})
    results = {"a": made_up(one, {"loss": [1.0, 0.1, 0.01]}), "b": made_up(other, {"loss": [10.0, 1.0]}),
               "c": made_up(third, {"loss": [100.0, 100.0]})}  # fmt: skip
    drawn = LearningCurve()(results, EN, Look())
    low, high, median = (numbers(trace["y"]) for trace in drawn["data"])
    assert median == pytest.approx(
        [1.0, 0.0, -2.0], abs=1e-6
    )  # log₁₀; where the others have not come, of those that have
    assert low == pytest.approx([0.0, -1.0, -2.0], abs=1e-6) and high == pytest.approx([2.0, 2.0, -2.0], abs=1e-6)


def test_knowing_nothing_is_a_line_at_one_sixth():
    """NUMBERS.md row 25."""
    drawn = LearningCurve()(small(), EN, Look())
    (line,) = drawn["layout"]["shapes"]
    assert line["y0"] == line["y1"] == pytest.approx(math.log10(1 / 6), abs=1e-6)
    assert any("0.1667" in str(words.get("text")) for words in drawn["layout"]["annotations"])


def test_knowing_nothing_of_classes_has_a_line_for_the_accuracy_too():
    """NUMBERS.md row 28: at the end ln 4 and 75 % error; before, less is to be known."""
    task = TemporalOrder(sequence_length=20)
    results = {
        "a": made_up(Experiment(task=task, training=Training(updates=2)), {"loss": [1.0, 1.0], "accuracy": [0.5, 1.0]})
    }
    drawn = LearningCurve()(results, EN, Look())
    assert [shape["y0"] for shape in drawn["layout"]["shapes"]] == pytest.approx(
        [math.log10(math.log(4)), 0.25], abs=1e-9
    )
    assert lines(drawn, "y2")["Vanilla · tanh"].tolist() == [0.5, 1.0]


def test_who_has_learnt_is_counted_over_the_last_tenth():
    one, other = two_seeds(**{"training.updates": 20})
    learnt, not_learnt = [1.0] * 18 + [0.01, 0.03], [0.01] * 18 + [0.2, 0.2]
    results = {"a": made_up(one, {"loss": learnt}), "b": made_up(other, {"loss": not_learnt})}
    assert "**0.11** over the last tenth of its updates, 1 of 2 seeds have learnt" in LearningCurve().reading(
        results, EN
    )
    assert LearningCurve().table(results, EN)["Loss, last tenth"].tolist() == ["0.02", "0.2"]


def test_a_long_training_is_drawn_in_bins_that_do_not_move():
    one, _ = two_seeds(**{"training.updates": 2_400})
    assert bin_size(one) == 10
    values = np.arange(1.0, 2_401)
    whole, part = (
        lines(LearningCurve()({"a": made_up(one, {"loss": values[:n]})}, EN, Look())) for n in (2_400, 1_003)
    )
    whole, part = whole["Vanilla · tanh"], part["Vanilla · tanh"]
    assert len(whole) == POINTS and 10 ** whole[0] == pytest.approx(5.5, rel=1e-6)
    assert part[:100].tolist() == whole[:100].tolist() and len(part) == 101


def test_a_divergence_names_update_and_parameter():
    said = LearningCurve().reading(classes(), EN)
    assert (
        "1 of 1 seeds diverged, the first at update **1**, where the gradient left the finite numbers (weight_hh_l0)"
        in said
    )
    assert "diverged at update 1" in LearningCurve().table(classes(), EN)["Outcome"].tolist()[1]


# — gradient and updates —


def test_norms_keep_every_spike_and_clipping_is_counted():
    one = BASE.changed({"cell": "elman", "training.updates": 480, "training.clipping": "value"})
    assert bin_size(one) == 2
    results = {"a": made_up(one, {"gradient_norm": [1.0, 1000.0, 1.0, 1.0], "clipped_gradient_norm": [1.0, 1.0, 1.0, 1.0],
                                  "clipped": [0.0, 1.0, 0.0, 0.0], "direction_change": [0.0, 30.0, 0.0, 0.0]})}  # fmt: skip
    drawn = GradientNorm()(results, EN, Look())
    assert max(numbers(trace["y"]).max() for trace in drawn["data"] if trace.get("yaxis") == "y") == pytest.approx(3)
    assert lines(drawn, "y2")["Vanilla · tanh"].tolist() == [0.5, 0.0]
    assert lines(drawn, "y3")["Vanilla · tanh"].tolist() == [15.0, 0.0]
    said = GradientNorm().reading(results, EN)
    assert "at most **1000**" in said and "**25 %** of the updates were clipped" in said and "at most **30°**" in said


def test_clipping_by_norm_has_no_angle_and_no_clipping_no_fraction():
    def panels(clipping) -> int:
        one = BASE.changed({"training.updates": 3}).model_copy(
            update={"training": Training(updates=3, clipping=clipping)}
        )
        drawn = GradientNorm()(results_of(one, ("gradient_norm",)), EN, Look())
        return sum(name.startswith("yaxis") for name in drawn["layout"])

    assert [panels(ByNorm(threshold=0.01)), panels(ByValue(threshold=0.001)), panels(Training().clipping)] == [2, 3, 1]


def test_the_update_ratio_is_of_the_matrix_that_was_asked_for():
    one, _ = two_seeds()
    results = {"a": made_up(one, {"update_ratio": [[1e-2, 1e-5], [1e-3, 1e-5]]})}
    for matrix, expected in (("weight_hh", [-2, -3]), ("weight_ih", [-5, -5])):
        view = UpdateRatio(matrix=matrix)
        assert lines(view(results, EN, Look()))["Vanilla · tanh"] == pytest.approx(expected, abs=1e-6)
    assert "W_hh by **10⁻³** of its size" in UpdateRatio().reading(results, EN)


@pytest.mark.parametrize(("end", "anchor"), [(0.18, "top"), (0.15, "bottom"), (0.01, "bottom")])
def test_the_name_of_a_level_lies_where_no_curve_ends(end, anchor):
    """The level is 1/6: its name hangs below its line for a curve that stays just above it, and stands on it for others."""
    one, other = two_seeds()
    stays = {"loss": [1.0, 0.5, 0.3, *[end] * 9]}
    learns = made_up(other.changed({"cell": "lstm"}), {"loss": [1.0, 0.1, *[0.001] * 10]})
    drawn = LearningCurve()({"a": made_up(one, stays), "b": learns}, EN, Look())
    (name,) = (note for note in drawn["layout"]["annotations"] if "0.1667" in note["text"])
    assert name["yanchor"] == anchor and (name["yshift"] < 0) == (anchor == "top")


# — weights and gates —


def test_the_spectrum_of_a_gate_or_of_the_candidate_where_there_is_none():
    lstm = made_up(BASE, {"spectral_radius": [[[1, 2, 3, 4]], [[5, 6, 7, 8]]], "singular_value": [[[2, 3, 4, 5]]] * 2})
    gates = lstm.data.gate_name.values.tolist()
    for gate in ("forget_gate", "candidate", "update_gate"):
        view = RecurrentSpectrum(gate=gate)
        place = gates.index(gate if gate in gates else "candidate")
        assert lines(view({"a": lstm}, EN, Look()))["LSTM · tanh"].tolist() == [1 + place, 5 + place]
        assert lines(view({"a": lstm}, EN, Look()), "y2")["LSTM · tanh"].tolist() == [2 + place] * 2
    assert "ρ went from 2 to **6**" in RecurrentSpectrum(gate="forget_gate").reading({"a": lstm}, EN)


def test_a_spectrum_goes_on_to_the_next_snapshot_that_has_one():
    nothing = [np.nan] * 4
    gaps = [[[1, 2, 3, 4]], [nothing], [[5, 6, 7, 8]], [nothing]]
    lstm = made_up(BASE, {"spectral_radius": gaps, "singular_value": gaps})
    assert lines(RecurrentSpectrum()({"a": lstm}, EN, Look()))["LSTM · tanh"].tolist() == [3, 7]
    assert "ρ went from 3 to **7**" in RecurrentSpectrum().reading({"a": lstm}, EN)


def test_gates_are_those_of_the_arm_that_was_asked_for():
    for number, gates in ((1, 1), (2, 4), (3, 3), (9, 3)):
        assert len(lines(TrainingGates(arm=number)(small(), EN, Look()))) == gates
    one = made_up(
        BASE,
        {"gate_mean": [[[0.1, 0.7, 0.0, 0.5]], [[0.1, 0.9, 0.0, 0.5]]], "gate_saturation": [[[0, 0.25, 0, 0.1]]] * 2},
    )
    said = TrainingGates().reading({"a": one}, EN)
    assert "forget gate f went from **0.7** to **0.9**" in said and "with **25 %** of its values" in said


# — the film and its horizon —


def film(profiles: list[list[float]], **changes) -> Results:
    rows = {"gradient_profile": [[row] * 3 for row in profiles]}
    return {"a": made_up(BASE.changed({"cell": "elman", **changes}), rows, None)}


SHORT, FULL = [-9.0, -8.0, -7.0, -6.0, -2.0, 0.0], [-2.0, -1.0, 0.0, 0.0, 0.0, 0.0]  # T = 6: the adding problem needs 5


def test_the_film_is_the_log_itself():
    results = film([SHORT, FULL])
    drawn = GradientFilm(update=0)(results, EN, Look())
    assert numbers(drawn["data"][0]["z"]).tolist() == np.array([SHORT, FULL]).T.tolist()
    assert numbers(drawn["data"][0]["x"]).tolist() == [0, 1] and numbers(drawn["data"][0]["y"]).tolist() == [
        1,
        2,
        3,
        4,
        5,
        6,
    ]
    assert numbers(drawn["data"][1]["y"]).tolist() == [5, 1]  # the horizon: t = 6 − 1, and t = 6 − 5
    assert numbers(drawn["data"][-1]["y"]).tolist() == SHORT  # the profile at the scrubber
    assert len(GradientFilm().data(results)) == 12


def test_it_cannot_learn_this_yet_and_the_moment_it_can():
    results = film([SHORT, FULL, SHORT, FULL, FULL])
    said = {update: GradientFilm(update=update).reading(results, EN) for update in (0, 2, 4, 100_000)}
    assert (
        "reaches **1** steps back, and the task needs **5**: it cannot learn this yet. It never has so far." in said[0]
    )
    assert "cannot learn this yet. It last did at update **1**." in said[2]
    assert "from here it can be learnt. It has done so since update **3**." in said[4] == said[100_000]


def test_the_horizon_of_every_arm_is_told_and_drawn_against_the_needed_lag():
    results = film([SHORT, FULL]) | {"b": made_up(BASE, {"gradient_profile": [[SHORT] * 3] * 2})}
    drawn = GradientHorizon()(results, EN, Look())
    assert {name: y.tolist() for name, y in lines(drawn).items()} == {"Vanilla · tanh": [1, 5], "LSTM · tanh": [1, 1]}
    assert [shape["y0"] for shape in drawn["layout"]["shapes"]] == [5]
    said = GradientHorizon().reading(results, EN)
    assert (
        "Vanilla · tanh can: its gradient reaches **5** steps back, and has reached far enough since update **1**"
        in said
    )
    assert "LSTM · tanh cannot learn this yet: its gradient reaches **1** steps back." in said


def test_an_exact_zero_is_a_gap_and_no_number_in_json():
    drawn = GradientFilm()(film([[-math.inf, -math.inf, -5.0, -1.0, 0.0, 0.0]]), EN, Look())
    assert np.isnan(numbers(drawn["data"][0]["z"])[:2]).all()
    as_json(drawn)


def test_the_profile_marks_what_float16_would_lose_where_it_is_in_view():
    """Below 2^−24 float16 has nothing: 10^−7.22. The browser moves marks by their place, so these stand last."""
    deep = GradientFilm()(film([[-9.0, -7.0, -5.0, -3.0, -1.0, 0.0]]), EN, Look())["layout"]
    assert deep["shapes"][-1]["y0"] == deep["shapes"][-1]["y1"] == pytest.approx(-24 * math.log10(2))
    assert deep["shapes"][-1]["yref"] == "y2" and "float16" in deep["annotations"][-1]["text"]
    shallow = GradientFilm()(film([FULL]), EN, Look())["layout"]
    assert not any("float16" in words["text"] for words in shallow["annotations"])


def test_many_losses_have_no_horizon_and_the_film_says_why():
    said = GradientFilm().reading(classes(), EN)
    assert "the loss enters at many steps" in said and GradientHorizon().reading(classes(), EN).startswith(
        "The loss enters"
    )


# — answers —


def test_answers_stand_beside_the_target_at_the_update_that_is_shown():
    one = made_up(BASE, {"answer": [[0] * 6, [1, 1, 1, 1, 1, 1.5]], "target": [[0, 0, 1, 1, 1, 2]] * 2})
    early, late = (Prediction(update=update)({"a": one}, EN, Look())["data"] for update in (0, 5))
    assert numbers(early[0]["y"]).tolist() == [0] * 6 and numbers(late[0]["y"]).tolist() == [1, 1, 1, 1, 1, 1.5]
    assert numbers(late[1]["x"]).tolist() == [6] and numbers(late[3]["y"]).tolist() == [2]  # judged at the last step
    assert "At step 6 the right answer is **2**. LSTM · tanh says **1.5**." in Prediction().reading({"a": one}, EN)
    assert Prediction().table({"a": one}, EN).iloc[0, -1] == "0.5"


# — the rest —


def test_an_axis_of_few_decades_is_named_at_one_two_and_five():
    few, many = decades_ticks(-2.0, 0.0), decades_ticks(-30.0, 0.0)
    assert few["ticktext"] == ["0.01", "0.02", "0.05", "0.1", "0.2", "0.5", "1"]
    assert len(many["tickvals"]) <= 9 and all(float(place).is_integer() for place in many["tickvals"])


@pytest.mark.parametrize(
    "outcome",
    [COMPLETED, Outcome("stopped", update=2), Outcome("diverged", "gradient", 0, "float32", 2, "weight_hh_l0")],
)
def test_how_a_training_ended_comes_back_from_its_attributes(outcome):
    data = train(BASE.changed({"training.updates": 2})).data
    assert outcome_of(ended(data, outcome), "float32") == outcome
    assert outcome_of(ended(data, None), "float32") == Outcome("stopped", update=2)


def test_a_training_that_really_diverges_is_drawn_to_its_end():
    wild = Experiment(
        task=Adding(sequence_length=20), cell=Elman(hidden_size=8, activation="relu"),
        training=Training(updates=40, optimizer=SGD(learning_rate=10.0)),
    )  # fmt: skip
    results = results_of(wild, ("loss",))
    assert results["experiment"].data.attrs["outcome"] == "diverged"
    for figure in TRAINING_FIGURES:
        as_json(figure()(results, EN, Look()))
    assert "diverged" in LearningCurve().reading(results, EN)
