"""A word learnt letter by letter, against torch's own RNN, and against what its pairs allow."""

from __future__ import annotations

import math
import unicodedata

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from rnnviz.cells import Elman
from rnnviz.choice import InvalidParameter
from rnnviz.demonstrations import Demonstrated, Spelling
from rnnviz.demonstrations.spelling import LONGEST, MATRICES, UPDATES, least_loss
from rnnviz.engine.network import draw_network
from rnnviz.figures import Look
from rnnviz.figures.demonstrations import SpellingSteps
from rnnviz.initializers import PyTorchDefault
from rnnviz.text import Text


def by_torch(asked: Spelling, updates: int) -> tuple[list[float], list[list[float]], torch.Tensor]:
    """torch.nn.RNN and autograd from the same weights: losses, norms of the gradients, and the last logits."""
    letters = len(asked.vocabulary)
    drawn = draw_network(Elman(hidden_size=asked.hidden_size), PyTorchDefault(), letters, letters, asked.seed)
    rnn = torch.nn.RNN(letters, asked.hidden_size, dtype=torch.float64)
    readout = torch.nn.Linear(asked.hidden_size, letters, dtype=torch.float64)
    ours = {name: rnn.get_parameter(name) for name in drawn if name.endswith("_l0")}
    ours |= {"weight_hy": readout.weight, "bias_hy": readout.bias}
    with torch.no_grad():
        for name, value in drawn.items():
            ours[name].copy_(value)
    word = asked.classes()
    inputs = torch.eye(letters, dtype=torch.float64)[word[:-1]]
    optimizer = torch.optim.Adam(ours.values(), asked.learning_rate)
    losses, norms, logits = [], [], torch.empty(0)
    for _ in range(updates):
        logits = readout(rnn(inputs)[0])
        loss = cross_entropy(logits, word[1:])
        optimizer.zero_grad()
        loss.backward()
        losses.append(loss.item())
        norms.append([float(torch.linalg.vector_norm(ours[name].grad)) for name in MATRICES])  # type: ignore[arg-type]
        optimizer.step()
    return losses, norms, logits.detach()


def test_it_is_trained_as_torch_trains_its_own():
    """Both are float64 and differ by rounding, 1e-16 per operation, which thirty updates of Adam hardly multiply."""
    asked = Spelling()
    data = asked.compute()
    losses, norms, logits = by_torch(asked, 30)
    assert data["loss"].sel(of_memory="kept").values[:30] == pytest.approx(losses, rel=1e-8)
    assert data["parameter_gradient"].values[:30] == pytest.approx(np.array(norms), rel=1e-6)
    assert data["logit"].sel(update=29).values == pytest.approx(logits.numpy(), rel=1e-6)


def test_hello_is_learnt_with_memory_and_stops_at_its_bound_without():
    """l is followed by l and by o: two steps of four cost ln 2 each, so nothing gets below (ln 2)/2."""
    data = Spelling().compute()
    assert float(data["least_loss"]) == pytest.approx(math.log(2) / 2, rel=1e-12)
    kept, cut = (data["loss"].sel(of_memory=memory).values for memory in ("kept", "cut"))
    assert kept[-1] < 0.02 and math.log(2) / 2 <= cut[-1] < 0.4
    assert "".join(data["letter"].values[data["typed"].values[-1]]) == "hello"


def test_without_memory_the_same_letter_gets_the_same_answer():
    data = Spelling(memory="cut").compute()
    assert data["logit"].values[:, 2] == pytest.approx(data["logit"].values[:, 3], rel=1e-12)  # both read l
    assert not data["parameter_gradient"].sel(matrix="weight_hh_l0").any()


def test_what_is_typed_follows_from_the_logits_as_long_as_it_is_right():
    """Given its own right answers the network is in the very state in which the true letters put it."""
    data = Spelling(word="banana").compute()
    first = data["logit"].values.argmax(-1)
    right = (data["typed"] == data["at_place"]).all("place").values
    assert right.any()
    assert (first[right] == data["at_place"].values[1:]).all()


@pytest.mark.parametrize(
    ("word", "least"),
    [
        ("abc", 0.0),
        ("안녕하세요", 0.0),
        ("간장공장공장장", (3 * math.log(3) - 2 * math.log(2)) / 6),
        ("aab", math.log(2)),
    ],
)
def test_the_least_loss_is_the_entropy_of_the_pairs(word: str, least: float):
    """장 is followed by 공 twice and by 장 once: −2 ln ⅔ − ln ⅓ = 3 ln 3 − 2 ln 2, over six steps."""
    assert least_loss(word) == pytest.approx(least, abs=1e-12)


def test_any_word_can_be_typed():
    decomposed = unicodedata.normalize("NFD", "안녕")  # as some systems write two syllables
    assert len(decomposed) == 6 and Spelling(word=decomposed).spelled == "안녕"
    assert Spelling(word="<b>*hi*</b> $x$").spelled == "bhibx"
    assert Spelling(word="x").spelled == Spelling(word="").spelled == "hello"
    assert len(Spelling(word="abcdefghijklmnopqrstuvwxyz").spelled) == LONGEST
    one = Spelling(word="aaa").compute()  # one letter: softmax of one number is 1, nothing to learn
    assert not one["loss"].any() and not one["gradient_norm"].any()
    with pytest.raises(InvalidParameter):
        Spelling(word="a" * 41)


def test_the_figure_says_what_it_shows():
    shown = Demonstrated(Spelling(), Spelling().compute())
    said = SpellingSteps(after_updates=UPDATES).reading(shown, Text())
    assert "**hello**" in said and "**4 of 4**" in said
    drawn = SpellingSteps(answer_as="probability")(shown, Text("ko"), Look())
    assert drawn["frames"][0]["data"][0]["z"] == drawn["data"][0]["z"]  # the film begins with the fresh network
    assert [frame["name"] for frame in drawn["frames"]][-1] == str(UPDATES)
