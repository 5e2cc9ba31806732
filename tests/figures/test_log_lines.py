"""Lines of training logs: the values of the log, a median that knows no future, one colour a cell."""

from __future__ import annotations

import base64
from functools import cache

import numpy as np
import pytest
import xarray as xr

from rnnviz.diagnostics.training_result import of_trace
from rnnviz.engine import train
from rnnviz.experiment import Experiment
from rnnviz.figures import Look, Result
from rnnviz.figures.figure import as_plotly
from rnnviz.figures.training import LogLines
from rnnviz.figures.training.log_lines import LOGGED, names, running_median
from rnnviz.quantities import TRAINING_QUANTITIES
from rnnviz.text import LANGUAGES, Text
from rnnviz.text.numbers import numeral

EN = Text()
WORDS = {"task": "recall", "task.delay": 2, "task.sequence_length": 6, "cell.hidden_size": 3, "training.updates": 120}


@cache
def log(cell: str, task: str = "recall", seed: int = 0) -> Result:
    words = WORDS if task == "recall" else {**WORDS, "task": task}
    given = {path: word for path, word in words.items() if task == "recall" or path != "task.delay"}
    experiment = Experiment.from_flat({**given, "cell": cell, "seed": seed})
    return Result(experiment, of_trace(train(experiment)))


def titled(run: Result, title: str) -> Result:
    return Result(run.experiment, run.data.assign_attrs(title=title))


def values(packed: dict[str, str]) -> np.ndarray:
    return np.frombuffer(base64.b64decode(packed["bdata"]), "<f4")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("logged", LOGGED)
def test_every_quantity_is_drawn_in_every_language_and_look(language, dark, logged):
    results = {
        "a": titled(log("lstm"), "one"),
        "b": titled(log("gru"), "two"),
        "c": titled(log("lstm", seed=1), "three"),
    }
    text = Text(language)
    figure = LogLines(logged=logged)(results, text, Look(dark))
    as_plotly(figure)  # plotly checks every property
    assert [trace["name"] for trace in figure["data"] if trace.get("name")] == ["one", "two", "three"]
    assert figure["layout"]["title"]["text"] == text(f"option.logged.{logged}.label")
    one, two, three = (trace["line"] for trace in figure["data"] if trace.get("name"))
    assert one["color"] == three["color"] != two["color"] and one["dash"] != three["dash"]


def test_the_faint_line_is_the_log_and_the_other_its_running_median():
    results, loss = {"a": log("gru")}, log("gru").data.loss.values
    faint, bold = LogLines()(results, EN, Look())["data"]
    assert values(faint["y"]) == pytest.approx(np.log10(loss), rel=1e-6)
    assert values(faint["x"]).tolist() == list(range(1, 121))
    expected = [np.median(np.log10(loss)[max(0, k - 1) : k + 1]) for k in range(120)]  # 120 // 50 = 2 updates
    assert values(bold["y"]) == pytest.approx(expected, rel=1e-6)
    assert LogLines().data(results)["loss"].tolist() == loss.tolist()


def test_what_is_said_is_the_mean_over_the_last_tenth():
    said = LogLines().reading({"a": log("gru")}, EN)
    assert said.endswith(f"GRU · tanh: **{numeral(log('gru').data.loss.values[-12:].mean(), 4)}**.")
    assert LogLines().reading({}, EN) == EN("sentence.training.not_yet")


def test_a_median_does_not_know_what_is_to_come():
    y = np.concatenate([np.zeros(500), np.ones(500)])
    found = running_median(y)
    assert not found[:500].any() and found[-1] == 1
    assert np.isnan(running_median(np.full(10, np.nan))).all()


def test_side_by_side_each_has_the_axes_and_the_stroke_of_all():
    results = {"one": titled(log("lstm"), "one"), "two": titled(log("lstm", seed=1), "two")}
    whole, alone = LogLines()(results, EN, Look()), LogLines(only=2)(results, EN, Look())
    assert alone["layout"]["yaxis"] == whole["layout"]["yaxis"] and alone["layout"]["xaxis"] == whole["layout"]["xaxis"]
    assert alone["data"] == whole["data"][2:] and alone["layout"]["title"]["text"] == "two"
    assert len(LogLines(only=2).table(results, EN)) == 1 and len(LogLines().table(results, EN)) == 2
    assert LogLines(only=7)(results, EN, Look())["data"] == []


def test_what_a_run_lacks_or_has_lost_is_a_gap():
    number = log("lstm", "adding")
    assert "accuracy" not in number.data
    figure = LogLines(logged="accuracy")({"a": titled(log("gru"), "a"), "b": number}, EN, Look())
    assert {trace["legendgroup"] for trace in figure["data"]} == {"a"}
    broken = log("gru").data.copy(deep=True)
    broken["loss"] = xr.where(broken["update"] == 119, np.nan, broken.loss)
    line = values(LogLines()({"a": Result(log("gru").experiment, broken)}, EN, Look())["data"][0]["y"])
    assert np.isnan(line[-1]) and np.isfinite(line[:-1]).all()
    nothing = LogLines()({}, EN, Look())
    assert nothing["data"] == [] and as_plotly(nothing)


def test_a_name_with_markup_is_only_a_name():
    figure = LogLines(only=1)({"a": titled(log("gru"), "<b>{x}</b>")}, EN, Look())
    assert figure["data"][1]["name"] == figure["layout"]["title"]["text"] == "&lt;b&gt;{x}&lt;/b&gt;"


def test_runs_without_a_title_are_named_by_what_tells_them_apart():
    base = log("gru").experiment
    faster = base.changed({"training.optimizer.learning_rate": 0.05})
    wider = faster.changed({"batch_size": 5, "training.updates": 7, "cell.hidden_size": 5})
    data = log("gru").data
    assert names({"a": Result(base, data), "b": Result(faster, data)}, EN) == [
        "GRU · tanh · η = 0.001",
        "GRU · tanh · η = 0.05",
    ]
    assert names({"a": Result(base, data), "b": log("gru", seed=4)}, EN)[1] == "GRU · tanh · Seed 4"
    many = names({"a": Result(base, data), "b": Result(wider, data)}, EN)
    assert many == [f"GRU · tanh ({one.key[:4]})" for one in (base, wider)]  # a table says four differences better


def test_every_quantity_that_can_be_drawn_is_one_of_the_log():
    assert set(LOGGED) <= set(TRAINING_QUANTITIES)


def test_of_many_runs_the_ends_are_said_and_the_pointer_names_the_rest():
    few = {str(seed): log("gru", seed=seed) for seed in range(9)}
    said, drawn = LogLines().reading(few, EN), LogLines()(few, EN, Look())
    ends = [run.data.loss.values[-12:].mean() for run in few.values()]
    assert numeral(min(ends), 4) in said and numeral(max(ends), 4) in said and said.count("**") == 4
    assert "Of 9 runs" in said and not drawn["layout"]["showlegend"] and len(drawn["data"]) == 18
