"""`rnnviz replay`: a published result trained here, and whether it came out."""

from __future__ import annotations

from collections.abc import Sequence

from rnnviz.choice import Flat, InvalidParameter, OneOf
from rnnviz.command.training import follow
from rnnviz.command.words import read
from rnnviz.diagnostics.training_result import ended
from rnnviz.experiment import Study
from rnnviz.figures import Result, Results
from rnnviz.figures.training.verdict import loss_of, score_of, verdict
from rnnviz.replays import REPLAYS, Replay, replay
from rnnviz.text import Text
from rnnviz.trainings import trainings


def run_replay(asked: str, words: Sequence[str], text: Text) -> None:
    """All replays of this name: `adding` means both of its lengths. Raises InvalidParameter, OverBudget, NotAccepted."""
    flat, _ = read(words, alone=())
    wanted = {name: changed(replay(name), flat) for name in named(asked)}
    for name, setting in wanted.items():
        introduce(name, setting, text)
        outcome(name, setting, text)


def named(asked: str) -> list[str]:
    found = [name for name in REPLAYS if asked in (name, name.partition("_")[0])]
    if not found:
        raise InvalidParameter("replay", asked, OneOf(tuple(REPLAYS)))
    return [asked] if asked in REPLAYS else found


def changed(setting: Replay, flat: Flat) -> Replay:
    """Words of the experiment go without their prefix, as they do in a link."""
    own = {parameter.name for parameter in Replay.parameters_declared()}
    asked = setting.changed(
        {path if path.partition(".")[0] in own else f"experiment.{path}": word for path, word in flat.items()}
    )
    for path, needed in (("cell", "lstm"), ("training", "training")):  # what a contest is made from
        if (found := str(asked.experiment.flat()[path])) != needed:
            raise InvalidParameter(path, found, OneOf((needed,)))
    return asked


def introduce(name: str, setting: Replay, text: Text) -> None:
    print(f"{text(f'replay.{name}.label')}. {text(f'replay.{name}.what')}")
    print(text("replay.theirs", claim=text(f"replay.{name}.claim")))
    e = setting.experiment
    print(text("replay.budget", updates=e.training.updates, examples=e.batch_size, seeds=setting.seeds), flush=True)


def outcome(name: str, setting: Replay, text: Text) -> None:
    study = setting.study()
    statuses = follow(study.experiments().values(), text)
    results = results_of(study)
    scores = score_of(results, text)
    for score in scores:
        nothing = {"loss": loss_of(score.arm), "baseline": f"{score.arm.experiment.baseline().loss:.4g}"}
        print(text("replay.ours", said=f"{score.said(text)}; {text('replay.loss', **nothing)}"))
    if all(status.state in ("completed", "diverged") for status in statuses):
        print(verdict(name, setting.compared, scores, text))
    else:
        print(text("replay.stopped"))


def results_of(study: Study) -> Results:
    """What the trainings of a study have written down."""
    jobs = trainings()
    return {
        name: Result(one, ended(log, status.outcome))
        for name, one in study.experiments().items()
        if (status := jobs.status(one.key)) is not None and (log := jobs.log(one.key)) is not None
    }
