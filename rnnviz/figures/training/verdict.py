"""Whether a published result came out here: which arms learn, in how many seeds, against what was published."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rnnviz.comparing import Comparison
from rnnviz.figures.figure import Results
from rnnviz.figures.training.learning_curve import LEARNT, baseline, losses_of, number
from rnnviz.figures.training.runs import Arm, arms
from rnnviz.replays import REPLAYS
from rnnviz.text import Text


class Score(NamedTuple):
    """One arm, and how many of its seeds have learnt."""

    arm: Arm
    learnt: int

    def said(self, text: Text) -> str:
        return text("replay.count", arm=self.arm.name, learnt=self.learnt, seeds=len(self.arm.runs))


def score_of(results: Results, text: Text) -> list[Score]:
    """A run that diverged has not learnt."""
    found = arms(results, text)
    nothing = baseline(found, "loss")
    return [Score(arm, int((losses_of(arm) < LEARNT * nothing).sum())) for arm in found]


def loss_of(arm: Arm) -> str:
    """The median over the seeds."""
    losses = losses_of(arm)
    return "—" if np.isnan(losses).all() else number(float(np.nanmedian(losses)))


def verdict(name: str, compared: Comparison, scores: list[Score], text: Text) -> str:
    """In a word; `scores` are those of every arm in the order of `compared`."""
    learnt = {arm: score.learnt for arm, score in zip(compared.arms, scores, strict=True)}
    holds = REPLAYS[name].holds(learnt, len(scores[0].arm.runs))
    return text("replay.reproduced" if holds else "replay.not_reproduced")
