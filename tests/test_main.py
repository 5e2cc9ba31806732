"""The command line: results on stdout, complaints on stderr and in words, exit codes, both languages."""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import xarray as xr
from typer.testing import CliRunner

from rnnviz.__main__ import application, language_of
from rnnviz.activations import ACTIVATIONS
from rnnviz.cells import CELLS
from rnnviz.choice import Choice, Range
from rnnviz.command import progress
from rnnviz.command.manual import TOPICS, experiment_words, figure_words
from rnnviz.command.progress import Progress
from rnnviz.command.words import wish
from rnnviz.demonstrations import AnyLength
from rnnviz.engine import train
from rnnviz.engine.network import draw_parameters
from rnnviz.engine.weights import Network
from rnnviz.experiment import Experiment, comparison
from rnnviz.export import CannotExport
from rnnviz.figures import FIGURES
from rnnviz.initializers import INITIALIZERS
from rnnviz.optimizers import OPTIMIZERS
from rnnviz.tasks import TASKS
from rnnviz.text import LANGUAGES, Text

ROOT = Path(__file__).parent.parent
SMALL = ("cell.hidden_size=3", "task.sequence_length=40", "batch_size=4")
OVERFLOWING = (
    "task=noise", "task.sequence_length=200", "cell.hidden_size=4", "cell.activation=relu", "batch_size=4",
    "initializer=gaussian", "initializer.scale.gain=4", "seed=3",
)  # fmt: skip
every_language = pytest.mark.parametrize("language", LANGUAGES)


def told(*words: object):
    arguments = [str(word) for word in words]
    return CliRunner().invoke(application(Text(language_of(arguments))), arguments)


def in_a_process(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "rnnviz", *map(str, words)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)


# — what it makes —


def test_draw_writes_the_file_and_says_what_is_seen(tmp_path):
    out = tmp_path / "flow.csv"
    answer = told("draw", "gradient_flow", "cell=lstm", "cell.forget_bias=2", *SMALL, "--out", out)
    assert answer.exit_code == 0 and answer.stderr == ""
    key, outcome, reading, file = answer.stdout.splitlines()
    experiment = Experiment.from_flat({"cell": "lstm", "cell.forget_bias": "2", **dict(w.split("=") for w in SMALL)})
    assert key == f"key: {wish('gradient_flow', ['cell=lstm', 'cell.forget_bias=2', *SMALL], False).study.key}"
    assert outcome == "outcome: finite" and "tanh LSTM" in reading and "**" not in reading
    assert file == f"file: {out}" and out.read_text().startswith("curve,cell,activation")
    assert wish("gradient_flow", ["cell=lstm", "cell.forget_bias=2", *SMALL], False).study.base == experiment


def test_draw_takes_the_words_of_a_demonstration(tmp_path):
    out = tmp_path / "error.csv"
    answer = told("draw", "any_length_error", "inputs=4", "--out", out)
    assert answer.exit_code == 0, answer.stderr
    key, reading, file = answer.stdout.splitlines()
    assert key == f"key: {AnyLength(inputs=4).key}" and "fixed input of 4 values" in reading
    assert file == f"file: {out}" and out.read_text().startswith("model,length,relative_error")
    wrong = told("draw", "any_length_error", "inputs=1", "--out", out)
    assert wrong.exit_code == 2 and "from 2 to 16" in wrong.stderr


def test_a_picture_in_korean_by_a_process_of_its_own(tmp_path):
    out = tmp_path / "flow.svg"
    answer = in_a_process("draw", "gradient_flow", *SMALL, "--out", out, "--language", "ko", "--dark")
    assert (answer.returncode, answer.stderr) == (0, "")
    assert answer.stdout.startswith("키: ") and "바닐라 RNN" in answer.stdout
    assert "기울기" in out.read_text("utf-8") and "#11171e" in out.read_text("utf-8").replace(
        "rgb(17, 23, 30)", "#11171e"
    )


def test_draw_keeps_what_the_page_gives_the_whole_trace_the_cursor_and_the_example(tmp_path):
    """The menu under a figure offers every format; so does --out."""
    trace, lines, table = tmp_path / "run.nc", tmp_path / "figure.py", tmp_path / "units.csv"
    assert told("draw", "unit_activity", "cell=gru", *SMALL, "--out", trace).exit_code == 0
    with xr.open_dataset(trace, engine="h5netcdf") as data:
        assert data.attrs["experiment.cell"] == "gru" and "hidden_state_grad" in data
    told("draw", "unit_activity", "cell=gru", *SMALL, "--time", 7, "--example", 3, "--out", lines)
    assert "example=2" in lines.read_text() and "time=7" in lines.read_text()
    told("draw", "unit_activity", "cell=gru", *SMALL, "--out", table)
    first = table.read_text()
    told("draw", "unit_activity", "cell=gru", *SMALL, "--example", 3, "--out", table)
    assert table.read_text() != first
    answer = told("draw", "unit_activity", *SMALL, "--example", 5, "--out", table)
    assert answer.exit_code == 2 and "“--example” must be a whole number from 1 to 4; it was 5." in answer.stderr
    answer = told("draw", "gradient_flow", "compare", *SMALL, "--out", trace)
    assert (
        answer.exit_code == 2 and "“--out” must be one of png, svg" in answer.stderr
    )  # nine networks are not one trace


def test_help_says_every_option_of_the_figures_once():
    lines = [line.split()[0] for line in told("draw", "--help").stdout.splitlines() if line.strip().startswith("view.")]
    assert lines and len(lines) == len(set(lines))


def test_run_keeps_everything_and_run_alone_only_says_it(tmp_path):
    out = tmp_path / "run.nc"
    kept, said = told("run", "cell=gru", *SMALL, "--out", out), told("run", "cell=gru", *SMALL)
    assert kept.exit_code == said.exit_code == 0
    assert kept.stdout.splitlines()[:-1] == said.stdout.splitlines() and out.read_bytes()[1:4] == b"HDF"


def test_overflow_is_a_result_and_no_failure():
    answer = told("run", *OVERFLOWING)
    assert answer.exit_code == 0 and re.search(r"^outcome: overflowed at step \d+ \(float32\)$", answer.stdout, re.M)


def test_compare_draws_every_cell_and_activation_and_a_word_may_be_for_one_cell(tmp_path):
    out = tmp_path / "nine.json"
    answer = told("draw", "gradient_flow", "compare", "lstm/cell.forget_bias=2", *SMALL, "--out", out)
    assert answer.exit_code == 0 and answer.stdout.count(": finite") == 9
    base = Experiment.from_flat(dict(word.split("=") for word in SMALL))
    expected = comparison(base, changes={"lstm": {"cell.forget_bias": "2"}})
    assert json.loads(out.read_text())["key"] == expected.key
    with_flag = wish("gradient_flow", ["lstm/cell.forget_bias=2", *SMALL], True)
    assert with_flag.study.key == expected.key


def test_a_phase_diagram_is_drawn_of_all_its_networks_and_says_what_is_seen_once(tmp_path):
    out = tmp_path / "map.csv"
    answer = told(
        "draw", "phase_diagram", "cell.hidden_size=6", "task.sequence_length=30", "view.plane=activation", "--out", out
    )
    key, reading, file = answer.stdout.splitlines()
    study = wish(
        "phase_diagram", ["cell.hidden_size=6", "task.sequence_length=30", "view.plane=activation"], False
    ).study
    assert (answer.exit_code, key, file) == (0, f"key: {study.key}", f"file: {out}")
    assert reading.startswith("Of 148 networks, gradients explode in ") and "mean field says g = " in reading
    rows = out.read_text().splitlines()
    assert rows[0] == "curve,gain,activation,exponent,deviation,log10_kept,outcome" and len(rows) == 149


def test_names_make_curves_of_their_own():
    study = wish("gradient_flow", ["open/cell=lstm", "open/cell.forget_bias=3", "plain/cell=elman"], False).study
    assert {name: one.cell.kind for name, one in study.experiments().items()} == {"open": "lstm", "plain": "elman"}


def test_words_of_the_figure_begin_with_view():
    view = wish("gradient_flow", ["view.quantity=jacobian", "view.bounds=false"], False).view
    assert view.quantity == "jacobian" and view.bounds is False


# — wrong words —


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["cell=lstn"], "“cell” must be one of elman, lstm, gru; it was lstn. Did you mean “lstm”?"),
        (["cel=lstm"], "“cel” must be left out: there is no such parameter; it was lstm. Did you mean “cell”?"),
        (["cell.hidden_size=0"], "“cell.hidden_size” must be a whole number from 1 to 512; it was 0."),
        (["cell.hidden_size=many"], "“cell.hidden_size” must be a whole number from 1 to 512; it was many."),
        (["view.quantity=jacobean"], "“view.quantity” must be one of gradient, jacobian; it was jacobean."),
        (["compar"], "must be one of KEY=VALUE, compare; it was compar. Did you mean “compare”?"),
        (["compare", "lstn/seed=2"], "“…/” must be one of elman, lstm, gru; it was lstn. Did you mean “lstm”?"),
        (["a/sed=1"], "“a/sed” must be left out: there is no such parameter; it was 1. Did you mean “seed”?"),
        (["a/seed=nan"], "“a/seed” must be a whole number from 0 to 2147483647; it was nan."),
        (["batch_size=256", "task.sequence_length=10000", "cell.hidden_size=512"], "This asks for too much work"),
        (["task=own_text", "task.sha256=" + "0" * 64], "Upload the same file again"),
    ],
)
def test_a_wrong_word_is_answered_with_what_was_expected_and_what_is_near(words, complaint, tmp_path):
    out = tmp_path / "flow.csv"
    answer = told("draw", "gradient_flow", *words, "--out", out)
    assert answer.exit_code == 2 and answer.stdout == "" and not out.exists()
    assert complaint in answer.stderr and "Traceback" not in answer.stderr


@pytest.mark.parametrize(
    ("command", "complaint"),
    [
        (["draw", "gradient_flo", "--out", "flow.pdf"], "Did you mean “gradient_flow”?"),
        (
            ["draw", "gradient_flow", "--out", "flow.pfd"],
            "“--out” must be one of png, svg, pdf, html, csv, json, ipynb, py",
        ),
        (["run", "--out", "run.pdf"], "“--out” must be one of json, nc, safetensors; it was pdf."),
        (["list", "cell"], "Did you mean “cells”?"),
        (["list", "cells", "--language", "fr"], "“--language” must be one of en, ko; it was fr."),
        (["draw", "gradient_flow"], "--out"),
        (["paint"], "paint"),
    ],
)
def test_a_wrong_command_ends_with_2(command, complaint):
    answer = told(*command)
    assert answer.exit_code == 2 and complaint in answer.stderr and "Traceback" not in answer.stderr


def test_complaints_are_in_the_language_asked_for():
    answer = told("draw", "gradient_flow", "cell=lstn", "--out", "flow.csv", "--language=ko")
    assert answer.exit_code == 2 and "받은 값은 “lstn”입니다" in answer.stderr and "lstm" in answer.stderr


def test_a_mistake_in_a_process_of_its_own_leaves_no_traceback():
    answer = in_a_process("run", "cell=lstn")
    assert answer.returncode == 2 and answer.stdout == "" and "Traceback" not in answer.stderr


# — what this machine cannot do —


@every_language
def test_without_a_browser_it_says_what_to_do(language, monkeypatch, tmp_path):
    monkeypatch.setenv("RNNVIZ_CHROMIUM", "/no/such/browser")
    answer = told("draw", "gradient_flow", *SMALL, "--out", tmp_path / "flow.pdf", "--language", language)
    assert answer.exit_code == 3 and "RNNVIZ_CHROMIUM" in answer.stderr and "Traceback" not in answer.stderr


def test_a_file_that_cannot_be_written_ends_with_3(tmp_path):
    answer = told("run", *SMALL, "--out", tmp_path / "nowhere" / "run.nc")
    assert answer.exit_code == 3 and "could not be written: No such file or directory" in answer.stderr
    answer = told("run", *SMALL, "--out", tmp_path / ("a" * 300 + ".nc"))
    assert answer.exit_code == 3 and "could not be written: File name too long" in answer.stderr


@every_language
@pytest.mark.parametrize("command", [["runs", "list"], ["replay", "irnn"]])
def test_a_store_that_cannot_be_opened_ends_with_3(command, language, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("RNNVIZ_STORE", str(tmp_path / "file" / "runs"))
    monkeypatch.setattr("rnnviz.trainings.jobs._one", None)
    answer = told(*command, "--language", language)
    assert answer.exit_code == 3 and "RNNVIZ_STORE" in answer.stderr and "Traceback" not in answer.stderr


def test_a_sweep_says_its_numbers_before_a_picture_may_fail(monkeypatch, tmp_path):
    def full(path, data):
        raise CannotExport("not_written", path=str(path), cause="No space left on device")

    monkeypatch.setattr("rnnviz.command.sweeping.write", full)
    answer = told("sweep", *SMALL, "seed=1,2", "--out", tmp_path / "sweep.csv")
    assert answer.exit_code == 3 and "No space left" in answer.stderr and "gradient_kept" in answer.stdout


# — help —


@every_language
@pytest.mark.parametrize("topic", TOPICS)
def test_every_list_is_said_in_every_language(topic, language):
    answer = told("list", topic, "--language", language)
    assert answer.exit_code == 0 and answer.stderr == "" and answer.stdout.strip()


def test_the_lists_name_everything():
    kinds = lambda listed: [one.model_fields["kind"].default for one in listed]  # noqa: E731
    expected = {
        "cells": kinds(CELLS), "tasks": kinds(TASKS), "initializers": kinds(INITIALIZERS), "activations": ACTIVATIONS,
        "optimizers": kinds(OPTIMIZERS),
        "figures": kinds(FIGURES), "formats": ["png", "svg", "pdf", "html", "csv", "json", "nc", "ipynb", "py"],
    }  # fmt: skip
    for topic, names in expected.items():
        assert all(name in told("list", topic).stdout for name in names), topic


def ranges(kind: type[Choice], prefix: str):
    for parameter in kind.parameters_declared():
        yield prefix + parameter.name, parameter.domain
        for option in parameter.options.values():
            yield from ranges(option, f"{prefix}{parameter.name}.")


def test_help_has_every_word_with_its_range_and_unit():
    draw, run = told("draw", "--help").stdout, told("run", "--help").stdout
    for said, kind, prefix in ((draw, Experiment, ""), (run, Experiment, ""), (draw, FIGURES[0], "view.")):
        lines = {line.split("=")[0].strip(): line for line in said.splitlines() if "=" in line}
        for path, domain in ranges(kind, prefix):
            assert path in lines
            if isinstance(domain, Range):
                assert f"{domain.low:.10g} to {domain.high:.10g} {domain.unit}".rstrip() in lines[path]


def test_every_unit_has_a_word():
    for language in LANGUAGES:
        units = {domain.unit for _, domain in ranges(Experiment, "") if isinstance(domain, Range) and domain.unit}
        assert all(f"unit.{unit.replace(' ', '_')}" in Text(language) for unit in units)


def test_help_is_in_the_language_asked_for():
    assert "그림을 그립니다" in told("draw", "--help", "--language", "ko").stdout
    assert experiment_words(Text("ko")) != experiment_words(Text("en")) and figure_words(Text("en"))


@pytest.mark.parametrize(
    ("arguments", "language"),
    [
        ([], "en"),
        (["--language", "ko"], "ko"),
        (["--language=ko"], "ko"),
        (["--language"], "en"),
        (["--language=x"], "en"),
    ],
)
def test_the_language_is_known_before_anything_else_is_read(arguments, language):
    assert language_of(["draw", *arguments]) == language


# — progress —


def test_progress_is_on_stderr_and_short_work_says_nothing(capsys, monkeypatch):
    with Progress(Text()) as tick:
        tick(0.5)
    assert capsys.readouterr() == ("", "")
    monkeypatch.setattr(progress, "SHORT", 0.0)
    with Progress(Text()) as tick:
        tick(0.5)
        tick(0.6)
    assert capsys.readouterr() == ("", "computing: 50 %\n")


# — training —


TRAINING = ("task=parity", "task.sequence_length=8", "cell.hidden_size=4", "batch_size=4", "training.updates=30")


def test_run_with_updates_trains_and_keeps_the_log(tmp_path, monkeypatch):
    monkeypatch.setattr(progress, "SHORT", math.inf)
    out = tmp_path / "run.nc"
    answer = told("run", *TRAINING, "--out", out)
    assert answer.exit_code == 0 and answer.stderr == ""
    key, outcome, learnt, file = answer.stdout.splitlines()
    made = Experiment.from_flat(dict(word.split("=") for word in TRAINING))
    assert (key, outcome, file) == (f"key: {made.key}", "outcome: trained", f"file: {out}")
    with xr.open_dataset(out, engine="h5netcdf") as kept:
        assert kept.sizes["update"] == kept.sizes["snapshot"] == 30 and kept.attrs["experiment.training.updates"] == 30
        xr.testing.assert_equal(kept, train(made).data)
        assert f"{float(kept.loss[-3:].mean()):.4g}; knowing nothing scores 0.6931." in learnt and "50 %" in learnt


@every_language
def test_a_training_that_diverges_is_a_result_and_says_where(language, tmp_path):
    words = (
        "cell.activation=relu",
        "training.optimizer=sgd",
        "training.optimizer.learning_rate=10",
        "training.updates=90",
    )
    answer = told("run", "cell.hidden_size=8", *words, "--out", tmp_path / "run.nc", "--language", language)
    assert answer.exit_code == 0 and "_l0" in answer.stdout
    with xr.open_dataset(tmp_path / "run.nc", engine="h5netcdf") as kept:
        assert kept.attrs["outcome"] == "diverged" and kept.sizes["update"] == kept.attrs["ended_at_update"] + 1
        assert f"{kept.attrs['ended_at_update']}" in answer.stdout and kept.attrs["ended_in_parameter"] in answer.stdout


def test_a_training_that_is_interrupted_keeps_what_was_done(monkeypatch, tmp_path):
    def press(self, progress):
        if progress >= 0.5:
            raise KeyboardInterrupt

    monkeypatch.setattr(Progress, "__call__", press)
    answer = told("run", *TRAINING, "--out", tmp_path / "run.nc")
    assert answer.exit_code == 0 and "outcome: stopped before update 1" in answer.stdout
    with xr.open_dataset(tmp_path / "run.nc", engine="h5netcdf") as kept:
        assert 14 <= kept.sizes["update"] <= 15


def test_every_task_says_its_shape_its_lag_and_its_baseline():
    said = told("list", "tasks").stdout
    assert said.count("Needed lag: ") + said.count("No particular lag is needed.") == len(TASKS)
    assert "always answers 1 has a squared error of 1/6" in said


def test_the_weights_of_a_network_are_a_file_too(tmp_path):
    drawn, trained = tmp_path / "drawn.safetensors", tmp_path / "trained.safetensors"
    told("run", *SMALL, "--out", drawn)
    told("run", *TRAINING, "--out", trained)
    for path, words in ((drawn, SMALL), (trained, TRAINING)):
        network = Network.from_file(path)
        assert network.experiment == Experiment.from_flat(dict(word.split("=", 1) for word in words))
        before, after = draw_parameters(network.experiment), network.parameters
        assert all(torch.equal(before[name], after[name]) for name in before) == (path == drawn)


# — another route —


@every_language
def test_verify_says_how_far_two_routes_part(language):
    answer = told("verify", "gradient_flow", "cell=lstm", *SMALL, "--language", language)
    assert answer.exit_code == 0 and answer.stderr == ""
    _, state = answer.stdout.splitlines()  # of the part that the figure shows
    text = Text(language)
    assert "float32" in state and "**" not in state and "120" in state
    assert state.startswith(text("verified.what.gradient_state"))


def test_verify_ends_with_one_where_the_routes_do_not_agree(monkeypatch):
    """A check whose other route is off by a factor of two."""
    from rnnviz import verification
    from rnnviz.verification.check import Check, Compared

    def wrong(shown, replay):
        return [Compared("gradient_state", "autograd", shown.values[0], shown.values[0] + 0.3, 100.0, "log10")]

    monkeypatch.setitem(verification.CHECKS, "gradient_flow", Check(wrong))
    answer = told("verify", "gradient_flow", *SMALL)
    assert answer.exit_code == 1 and "do not agree" in answer.stdout
    assert told("verify", "gradient_flaw", *SMALL).exit_code == 2
