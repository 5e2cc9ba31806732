"""Published results in small: what counts as reproduced, one definition for page and command line, and the command."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from rnnviz.__main__ import application
from rnnviz.engine import train
from rnnviz.engine.budget import check_training
from rnnviz.jobs import Batch
from rnnviz.replays import REPLAYS, Published, replay
from rnnviz.store import Store
from rnnviz.text import LANGUAGES, Text
from rnnviz.trainings import Trainings
from rnnviz.ui.training_record import START

TINY = ("seeds=2", "training.updates=4", "cell.hidden_size=3", "batch_size=2")
every_language = pytest.mark.parametrize("language", LANGUAGES)


@pytest.fixture
def jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Trainings]:
    lane = Batch(workers=1)
    server = Trainings(Store(tmp_path), lane)
    monkeypatch.setattr(sys.modules["rnnviz.trainings.jobs"], "_one", server)
    yield server
    lane.close()


def told(*words: str, language: str = "en"):
    return CliRunner().invoke(application(Text(language)), list(words))


@pytest.mark.parametrize("name", REPLAYS)
def test_page_and_command_line_train_the_very_same_experiments(name):
    assert replay(name).study() == START.changed(REPLAYS[name].words).study()
    for experiment in replay(name).study().experiments().values():
        check_training(experiment)
    assert {*REPLAYS[name].learn, *REPLAYS[name].fail} <= set(replay(name).compared.arms)


def test_a_claim_holds_where_most_seeds_do_as_published():
    claim = Published({}, learn=("a",), fail=("b",))
    assert claim.holds({"a": 2, "b": 1, "c": 0}, seeds=3) and claim.holds({"a": 3, "b": 0}, seeds=3)
    assert not claim.holds({"a": 1, "b": 0}, seeds=3) and not claim.holds({"a": 3, "b": 2}, seeds=3)
    assert not claim.holds({"a": 1, "b": 1}, seeds=2)  # half is not most


@every_language
def test_a_replay_says_theirs_ours_budget_and_whether_it_came_out(jobs: Trainings, language: str):
    text = Text(language)
    answer = told("replay", "forget_bias", *TINY, language=language)
    assert answer.exit_code == 0, answer.stderr
    theirs = text("replay.theirs", claim=text("replay.forget_bias.claim"))
    budget = text("replay.budget", updates=4, examples=2, seeds=2)
    assert theirs in answer.stdout and budget in answer.stdout
    count = text("replay.count", arm=f"LSTM · tanh · b_f = {1}", learnt=0, seeds=2)
    assert count in answer.stdout and answer.stdout.rstrip().endswith(text("replay.not_reproduced"))
    assert len(jobs.store.runs()) == 6
    again = told("replay", "forget_bias", *TINY, language=language)
    assert again.stdout == answer.stdout and len(jobs.store.runs()) == 6  # kept, and not trained twice


def test_the_loss_is_the_median_of_what_the_engine_gives(jobs: Trainings):
    answer = told("replay", "irnn", *TINY)
    setting = replay("irnn").changed({path if path[0] == "s" else f"experiment.{path}": word for path, word in
                                      (given.split("=") for given in TINY)})  # fmt: skip
    ends = [float(train(one).data.loss[-1]) for name, one in setting.study().experiments().items() if "tanh" in name]
    learnt = sum(end < 0.5 / 6 for end in ends)  # 1/6 is what always answering 1 scores
    assert f"Vanilla · tanh: {learnt} of 2 seeds have learnt; loss {sum(ends) / 2:.4g} in the median" in answer.stdout


def test_adding_means_both_lengths(jobs: Trainings):
    answer = told("replay", "adding", *TINY)
    assert all(Text("en")(f"replay.{name}.label") in answer.stdout for name in ("adding_10", "adding_40"))


@every_language
def test_replays_are_listed(language: str):
    listed = told("list", "replays", language=language)
    assert listed.exit_code == 0 and all(name in listed.stdout for name in REPLAYS)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["attention"], "must be one of clipping"),
        (["irnn", "seeds=0"], "1"),
        (["irnn", "x"], "KEY=VALUE"),
        (["irnn", "training=none"], "must be one of training"),
        (["irnn", "cell=gru"], "must be one of lstm"),
    ],
)
def test_wrong_words_are_said_and_nothing_is_trained(jobs: Trainings, words, complaint):
    answer = told("replay", *words)
    assert answer.exit_code == 2 and complaint in answer.stderr and not jobs.store.runs()
