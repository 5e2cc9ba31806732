"""Lines of training logs: the values of the log, a median that knows no future, one colour a cell."""

from __future__ import annotations

import base64
from functools import cache

import numpy as np
import pytest
import xarray as xr

from rnnviz.engine import train
from rnnviz.experiment import Experiment
from rnnviz.figures import Look
from rnnviz.figures.figure import as_plotly
from rnnviz.figures.log_lines import LINES, Log, log_lines, running_median, tick_labels
from rnnviz.quantities import TRAINING_QUANTITIES
from rnnviz.text import LANGUAGES, Text

WORDS = {"task": "recall", "task.delay": 2, "task.sequence_length": 6, "cell.hidden_size": 3, "training.updates": 120}


@cache
def log(cell: str, task: str = "recall") -> Log:
    words = WORDS if task == "recall" else {**WORDS, "task": task, "task.delay": None}
    return Log(
        cell, train(Experiment.from_flat({**{k: v for k, v in words.items() if v is not None}, "cell": cell})).data
    )


def values(packed: dict[str, str]) -> np.ndarray:
    return np.frombuffer(base64.b64decode(packed["bdata"]), "<f4")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("quantity", LINES)
def test_every_quantity_is_drawn_in_every_language_and_look(language, dark, quantity):
    logs = {"one": log("lstm"), "two": log("gru"), "three": log("lstm")}
    figure = log_lines(logs, quantity, Text(language), Look(dark))
    as_plotly(figure)  # plotly checks every property
    assert [trace["name"] for trace in figure["data"] if trace.get("name")] == ["one", "two", "three"]
    assert figure["layout"]["title"]["text"] == Text(language)(f"log.quantity.{quantity}")
    one, two, three = (trace["line"] for trace in figure["data"] if trace.get("name"))
    assert one["color"] == three["color"] != two["color"] and one["dash"] != three["dash"]


def test_the_faint_line_is_the_log_and_the_other_its_running_median():
    logs, loss = {"a": log("gru")}, log("gru").data.loss.values
    faint, bold = log_lines(logs, "loss", Text("en"), Look())["data"]
    assert values(faint["y"]) == pytest.approx(np.log10(loss), rel=1e-6)
    assert values(faint["x"]).tolist() == list(range(1, 121))
    expected = [np.median(np.log10(loss)[max(0, k - 1) : k + 1]) for k in range(120)]  # 120 // 50 = 2 updates
    assert values(bold["y"]) == pytest.approx(expected, rel=1e-6)


def test_a_median_does_not_know_what_is_to_come():
    y = np.concatenate([np.zeros(500), np.ones(500)])
    found = running_median(y)
    assert not found[:500].any() and found[-1] == 1
    assert np.isnan(running_median(np.full(10, np.nan))).all()


def test_side_by_side_each_has_the_axes_and_the_stroke_of_all():
    logs = {"one": log("lstm"), "two": log("lstm")}
    whole = log_lines(logs, "loss", Text("en"), Look())
    alone = log_lines(logs, "loss", Text("en"), Look(), only="two")
    assert alone["layout"]["yaxis"] == whole["layout"]["yaxis"] and alone["layout"]["xaxis"] == whole["layout"]["xaxis"]
    assert alone["data"] == whole["data"][2:] and alone["layout"]["title"]["text"] == "two"


def test_what_a_run_lacks_or_has_lost_is_a_gap():
    number = log("lstm", "adding")
    assert "accuracy" not in number.data
    figure = log_lines({"a": log("gru"), "b": number}, "accuracy", Text("en"), Look())
    assert {trace["legendgroup"] for trace in figure["data"]} == {"a"}
    broken = log("gru").data.copy(deep=True)
    broken["loss"] = xr.where(broken["update"] == 119, np.nan, broken.loss)
    line = values(log_lines({"a": Log("gru", broken)}, "loss", Text("en"), Look())["data"][0]["y"])
    assert np.isnan(line[-1]) and np.isfinite(line[:-1]).all()
    nothing = log_lines({}, "loss", Text("en"), Look())
    assert nothing["data"] == [] and as_plotly(nothing)


def test_a_name_with_markup_is_only_a_name():
    figure = log_lines({"<b>{x}</b>": log("gru")}, "loss", Text("en"), Look(), only="<b>{x}</b>")
    assert figure["data"][1]["name"] == figure["layout"]["title"]["text"] == "&lt;b&gt;{x}&lt;/b&gt;"


def test_ticks_are_numbers_as_people_read_them():
    assert tick_labels(-1.05, 0.1)["ticktext"] == ["0.1", "0.2", "0.5", "1"]
    assert tick_labels(-8.0, 1.0)["ticktext"][0] == "10<sup>−8</sup>"
    assert 3 <= len(tick_labels(-300.0, 10.0)["tickvals"]) <= 10


def test_every_quantity_that_can_be_drawn_is_one_of_the_log():
    assert set(LINES) <= set(TRAINING_QUANTITIES)
