"""The stand-ins of lesson 7 keep their own rules, the map is autograd's through torch's own network, and all are learnt."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np
import pytest
import torch
import xarray as xr
from torch.nn import functional

from rnnviz.demonstrations import Shapes
from rnnviz.demonstrations.shapes import HIDDEN, Network, gradients
from rnnviz.demonstrations.stand_ins import CAPTIONS, SENTENCES, STAND_INS, STROKES, TRANSLATED, UNJUDGED, Examples
from rnnviz.streams import generator

JUDGED = {"image": {1}, "caption": {1, 2, 3, 4, 5}, "sentiment": {6}, "translation": {4, 5, 6}, "tagging": set(range(1, 7)),
          "video": set(range(1, 7))}  # fmt: skip
every_stand_in = pytest.mark.parametrize("stand_in", STAND_INS)


@cache
def trained(stand_in: str) -> xr.Dataset:
    return Shapes(stand_in=stand_in).compute()  # type: ignore[arg-type]


def drawn(stand_in: str, count: int = 60) -> Examples:
    return STAND_INS[stand_in](count, generator(1, "test"))


@every_stand_in
def test_the_map_has_a_row_for_each_loss_and_each_row_ends_at_its_own_step(stand_in: str) -> None:
    """Whatever the weights: ∂ℓ_t/∂h_k exists for t in J and is zero for k > t."""
    for updates in (0, 300):
        found = trained(stand_in) if updates else Shapes(stand_in=stand_in, training_updates=0).compute()  # type: ignore[arg-type]
        there = np.isfinite(found["loss_gradient"].values)
        t, k = np.indices(there.shape) + 1
        assert (there == (np.isin(t, list(JUDGED[stand_in])) & (k <= t))).all()
        assert set(found["time"].values[found["accuracy"].notnull()]) == JUDGED[stand_in]


@every_stand_in
def test_every_stand_in_is_learnt(stand_in: str) -> None:
    """Far beyond guessing; 256 fresh examples know a share of 0.9 to within three standard errors of 0.02."""
    data = trained(stand_in)
    assert (data["accuracy"].dropna("time") > 0.9).all()
    assert float(data["guessing"].mean()) < 0.75
    assert data["training_loss"].values[-1] < 0.2 * data["training_loss"].values[0]


@every_stand_in
def test_the_gradients_are_those_of_torchs_own_network(stand_in: str) -> None:
    """torch.nn.RNN gives the states, and a shift d_k added to h_k by hand carries ∂ℓ_t/∂h_k; float64, so to 1e-9 decades."""
    examples = drawn(stand_in, 1)
    network = Network(examples.inputs.shape[-1], len(examples.answers))
    ours = gradients(network, examples)
    weights = {name: value.detach() for name, value in network.parameters.items()}
    cell = torch.nn.RNNCell(examples.inputs.shape[-1], HIDDEN, dtype=torch.float64)
    cell.load_state_dict({name: weights[name] for name, _ in cell.named_parameters()})

    def losses(shifts: torch.Tensor) -> torch.Tensor:
        hidden, found = torch.zeros(1, HIDDEN, dtype=torch.float64), []
        for x, shift, target in zip(examples.inputs, shifts, examples.targets, strict=True):
            hidden = cell(x, hidden) + shift
            answer = hidden @ weights["weight_hy"].T + weights["bias_hy"]
            found.append(functional.cross_entropy(answer, target.clamp_min(0)))
        return torch.stack(found)

    shifts = torch.zeros(len(examples.inputs), 1, HIDDEN, dtype=torch.float64)
    theirs = torch.autograd.functional.jacobian(losses, shifts).flatten(2).norm(dim=-1).log10()
    judged = examples.targets[:, 0] != UNJUDGED
    assert ours[judged].tolist() == [pytest.approx(row.tolist(), abs=1e-9) for row in theirs[judged]]


def test_a_caption_says_what_the_picture_shows_and_reads_zeros_after_it() -> None:
    examples = drawn("caption")
    assert not examples.inputs[1:].any() and examples.inputs[0].any(-1).all()
    for row, read in enumerate(examples.read):
        assert tuple(examples.answers[k] for k in examples.targets[:, row]) == CAPTIONS[STROKES.index(read[0])]


def test_a_not_turns_the_opinion_round() -> None:
    examples = drawn("sentiment")
    for read, target in zip(examples.read, examples.targets[-1].tolist(), strict=True):
        (place,) = (k for k, word in enumerate(read) if word in ("good", "great", "bad", "dull"))
        good = read[place] in ("good", "great")
        assert examples.answers[target] == ("positive" if good != (read[place - 1] == "not") else "negative")


def test_a_translation_puts_the_verb_last() -> None:
    examples = drawn("translation")
    dictionary = dict(zip(sum(SENTENCES, ()), sum(TRANSLATED, ()), strict=True))
    for read, targets in zip(examples.read, examples.targets[3:].T.tolist(), strict=True):
        subject, verb, object_ = read[:3]
        assert [examples.answers[k] for k in targets] == [dictionary[word] for word in (subject, object_, verb)]


def test_a_tag_depends_on_the_word_before() -> None:
    examples = drawn("tagging")
    for read, targets in zip(examples.read, examples.targets.T.tolist(), strict=True):
        tags = [examples.answers[k] for k in targets]
        for before, tag in zip(read[::2], tags[1::2], strict=True):
            assert tag == ("NOUN" if before in ("the", "a") else "VERB")


def test_a_film_says_which_way_the_dot_went() -> None:
    examples = drawn("video")
    for read, targets in zip(examples.read, examples.targets.T.tolist(), strict=True):
        places = [frame.index("●") for frame in read]
        moved = ["→" if (b - a) % 6 == 1 else "←" for a, b in pairwise(places)]
        assert [examples.answers[k] for k in targets] == ["–", *moved]
