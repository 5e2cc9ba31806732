"""The lines and the notebook: run in a process of their own, they compute the same study and draw the same figure."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from functools import cache
from typing import Any

import pytest

import rnnviz
from rnnviz.api import results_of
from rnnviz.cells import CELLS
from rnnviz.experiment import Experiment, Study, comparison
from rnnviz.export import FORMATS, Picture, Pinned, formats_of
from rnnviz.export.lines import code, imports, lines
from rnnviz.figures import FIGURES, AnyFigure, GradientFlow, Look, UnitActivity, as_plotly
from rnnviz.initializers import INITIALIZERS
from rnnviz.tasks import TASKS
from rnnviz.text import LANGUAGES, Text
from tests.serving import ROOT

SMALL = {"cell.hidden_size": 3, "task.sequence_length": 20, "batch_size": 4}
BASE = Experiment.from_flat(SMALL)
every_language = pytest.mark.parametrize("language", LANGUAGES)


@cache
def picture(kind: str, language: str = "en") -> Picture:
    """Each with something that is not the default: a theme, options, a shadow, another example."""
    text, look = Text(language), Look(dark=language == "ko")
    if kind == "pinned":
        view, study, before = GradientFlow(arrangement="grid"), comparison(BASE), comparison(BASE.changed({"seed": 5}))
        pinned = Pinned(before, results_of(before, view.needs))
        return Picture(view, study, results_of(study, view.needs), text, look, pinned, time=7)
    figure: AnyFigure = UnitActivity(variable="cell_state") if kind == "units" else GradientFlow(quantity="jacobian")
    base = BASE.changed({"cell": "lstm", "cell.forget_bias": 2, "dtype": "float64"})
    study = Study(base=base) if kind == "alone" else Study.of(base, {"lstm-tanh": {"cell.activation": "tanh"}})
    return Picture(figure, study, results_of(study, figure.needs, example=2), text, look)


every_kind = pytest.mark.parametrize("kind", ["pinned", "units", "alone"])


def numbers(figure: Any) -> Any:
    """A figure as plain JSON, in which plotly may have packed arrays differently."""
    return json.loads(as_plotly(figure).to_json())


SHOW = "\nimport json\nprint(json.dumps([study.key, figure.to_json()]))\n"


def run_alone(program: str, folder: Any) -> tuple[str, str, Any]:
    """What is printed, the key and the figure, of a program in a process of its own."""
    environment = {"PYTHONPATH": str(ROOT), "PATH": "", "PYTHONUTF8": "1"}
    told = subprocess.run(
        [sys.executable, "-c", program + SHOW],
        cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=120, encoding="utf-8",
    )  # fmt: skip
    assert told.returncode == 0, told.stderr
    *said, last = told.stdout.splitlines()
    key, figure = json.loads(last)
    return "\n".join(said), key, json.loads(figure)


@every_kind
@every_language
def test_a_notebook_computes_and_draws_the_same(kind, language, tmp_path):
    shown = picture(kind, language)
    book = json.loads(formats_of(Picture, FORMATS)["ipynb"].make(shown))
    cells = ["".join(cell["source"]) for cell in book["cells"] if cell["cell_type"] == "code"]
    said, key, figure = run_alone("\n".join(cells), tmp_path)
    assert key == shown.study.key and key in said
    assert shown.reading in said.replace("**", "")
    assert figure == numbers(shown.figure)
    assert not re.search(r"pip|install|!|%", "".join(cells)) and cells[-1].endswith("\nfigure")


def test_the_lines_draw_the_same_and_show_it(tmp_path):
    shown = picture("pinned", "ko")
    program = formats_of(Picture, FORMATS)["py"].make(shown).decode()
    assert program.endswith("\nfigure.show()\n")
    _, key, figure = run_alone(program.removesuffix("figure.show()\n"), tmp_path)
    assert (key, figure) == (shown.study.key, numbers(shown.figure))
    assert max(map(len, program.splitlines())) <= 120


@every_kind
def test_a_notebook_keeps_to_its_format(kind):
    """nbformat 4.5: what its JSON schema asks of a notebook with markdown and code cells."""
    book = json.loads(formats_of(Picture, FORMATS)["ipynb"].make(picture(kind)))
    assert set(book) == {"nbformat", "nbformat_minor", "metadata", "cells"}
    assert (book["nbformat"], book["nbformat_minor"]) == (4, 5)
    assert {"name", "display_name"} <= set(book["metadata"]["kernelspec"]) and book["metadata"]["language_info"]["name"]
    assert [cell["cell_type"] for cell in book["cells"]] == ["markdown", "code", "code", "code"]
    assert len({cell["id"] for cell in book["cells"]}) == len(book["cells"])
    for cell in book["cells"]:
        run = {"outputs", "execution_count"} if cell["cell_type"] == "code" else set()
        assert set(cell) == {"id", "cell_type", "metadata", "source"} | run
        assert re.fullmatch(r"[a-zA-Z0-9-_]{1,64}", cell["id"]) and cell["metadata"] == {}
        assert all(line.endswith("\n") for line in cell["source"][:-1])
        assert cell.get("outputs", []) == [] and cell.get("execution_count") is None
    assert book["metadata"]["rnnviz"] == picture(kind).provenance


def evaluated(subject: Any, shown: Picture) -> Any:
    names: dict[str, Any] = {}
    exec("\n".join(imports(shown)), names)
    return [eval(words, names) for words in (repr(subject), code(subject))]


EXPERIMENTS = [
    *(BASE.changed({"cell": kind.model_fields["kind"].default, "cell.layers": 2}) for kind in CELLS),
    *(BASE.changed({"initializer": kind.model_fields["kind"].default}) for kind in INITIALIZERS),
    *(BASE.changed({"task": kind.model_fields["kind"].default, **words}) for kind, words in [
        (kind, {"task.sha256": "a" * 64} if "sha256" in kind.model_fields else {}) for kind in TASKS
    ]),
    BASE.changed({"cell": "lstm", "cell.forget_bias": "chrono", "loss": "step", "loss.step": 3, "dtype": "float64"}),
    BASE.changed({"initializer.scale": "spectral_radius", "initializer.scale.spectral_radius": 0.1 + 0.2}),
]  # fmt: skip


@pytest.mark.parametrize(
    "experiment", EXPERIMENTS, ids=lambda one: f"{one.cell.kind} {one.initializer.kind} {one.task.kind}"
)
def test_what_is_written_evaluates_to_an_equal_experiment(experiment):
    shown = Picture(GradientFlow(), Study(base=experiment), {})
    assert evaluated(experiment, shown) == [experiment, experiment]


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.__name__)
def test_what_is_written_evaluates_to_an_equal_figure(figure):
    assert evaluated(figure(), Picture(figure(), Study(), {})) == [figure(), figure()]


@every_language
def test_an_upload_is_named_where_the_lines_need_it(language):
    study = Study(base=BASE.changed({"task": "own_text", "task.sha256": "a" * 64}))
    said = lines(Picture(GradientFlow(), study, {}, Text(language))).study
    assert "# " + Text(language)("taking.upload", sha256="a" * 64) in said and "content.put(" in said
    assert "content.put(" not in lines(Picture(GradientFlow(), Study(base=BASE), {})).study


def test_a_figure_shows_in_jupyter(monkeypatch):
    """As Jupyter asks an object for what to show; the renderer is the one that plotly chooses there."""
    import plotly.io

    monkeypatch.setattr(plotly.io.renderers, "default", "plotly_mimetype")
    figure = rnnviz.draw("gradient_flow", rnnviz.run(BASE), language="ko", dark=True)
    shown = figure._repr_mimebundle_()["application/vnd.plotly.v1+json"]
    assert shown["layout"]["paper_bgcolor"] == Look(True).paper and len(shown["data"]) >= 1
    assert "기울기" in shown["layout"]["title"]["text"]


def test_shadows_stand_only_where_there_are_curves_of_a_study():
    with pytest.raises(ValueError, match="pinned curves stand in a gradient_flow only; got unit_activity"):
        rnnviz.draw("unit_activity", BASE, pinned=BASE)


def test_results_are_drawn_without_being_computed_again():
    results = results_of(BASE, ("gradient_flow",))
    assert results_of(results, ("gradient_flow",)) is results
    assert rnnviz.draw("gradient_flow", results).to_json() == rnnviz.draw("gradient_flow", BASE).to_json()
