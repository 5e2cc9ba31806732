"""Language models against other people's answers: torch's embedding and RNN, bits by hand, and what probabilities obey."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from rnnviz import content
from rnnviz.baselines import ngram
from rnnviz.cells import Elman
from rnnviz.demonstrations import NextCharacter
from rnnviz.demonstrations.demonstration import nothing
from rnnviz.demonstrations.language_models import kind_of, often_read, perplexity_of
from rnnviz.demonstrations.next_character import Reader
from rnnviz.demonstrations.reading_matter import (
    BATCH,
    EMBEDDED,
    HIDDEN,
    RATE,
    SMALL,
    STEPS,
    ReadingMatter,
    as_one,
    reading_matter,
    trained,
)  # fmt: skip
from rnnviz.engine.network import draw_network
from rnnviz.initializers import PyTorchDefault
from rnnviz.streams import generator
from rnnviz.tasks.own_text import SAMPLE

TOY = ReadingMatter(("a", "b", "c", "…"), (0, 1, 2, 1) * 50, (0, 1, 2, 1) * 10)


def by_torch(matter: ReadingMatter, updates: int) -> tuple[np.ndarray, torch.Tensor]:
    """nn.Embedding → nn.RNN → nn.Linear by autograd, on the same windows: its probabilities and its embedding."""
    size = len(matter.alphabet)
    drawn = {
        k: v.float() for k, v in draw_network(Elman(hidden_size=HIDDEN), PyTorchDefault(), EMBEDDED, size, 0).items()
    }
    places = generator(0, "weights", "embedding")
    table = SMALL * torch.randn(EMBEDDED, size, generator=places, dtype=torch.float64)
    embedding = torch.nn.Embedding.from_pretrained(table.float().T.contiguous(), freeze=False)
    rnn = torch.nn.RNN(EMBEDDED, HIDDEN)
    readout = torch.nn.Linear(HIDDEN, size)
    with torch.no_grad():
        for name, value in drawn.items():
            at = {"weight_hy": readout.weight, "bias_hy": readout.bias}.get(name)
            (rnn.get_parameter(name) if at is None else at).copy_(value)
    learnt = [*embedding.parameters(), *rnn.parameters(), *readout.parameters()]
    optimizer, text = torch.optim.Adam(learnt, RATE), torch.tensor(matter.fitted)
    starts = torch.randint(len(text) - STEPS, (updates, BATCH), generator=generator(0, "windows"))
    for start in starts:
        window = text[start + torch.arange(STEPS + 1)[:, None]]
        scores = readout(rnn(embedding(window[:-1]))[0])
        optimizer.zero_grad()
        cross_entropy(scores.flatten(0, 1), window[1:].flatten()).backward()
        torch.nn.utils.clip_grad_norm_(learnt, 1.0)
        optimizer.step()
    with torch.no_grad():
        chance = readout(rnn(embedding(torch.tensor(matter.judged)))[0]).softmax(-1)
    return chance.double().numpy(), embedding.weight.detach().T


def test_the_embedding_is_learnt_as_torch_learns_it():
    """∂L/∂E = Wᵀ G and ∂L/∂W = G Eᵀ are the chain rule that autograd follows; float32 and Adam part slowly from there:
    1e-7 per operation, a few dozen updates of size η."""
    ours = trained(TOY, True, 30, nothing)
    chance, embedding = by_torch(TOY, 30)
    assert ours.embedding is not None
    assert ours.embedding.numpy() == pytest.approx(embedding.numpy(), abs=2e-3)
    assert ours.probability(list(TOY.judged)) == pytest.approx(chance, abs=5e-3)
    assert ours.size == sum(v.numel() for v in (embedding, *by_shape(len(TOY.alphabet))))


def by_shape(letters: int) -> list[torch.Tensor]:
    rnn, readout = torch.nn.RNN(EMBEDDED, HIDDEN), torch.nn.Linear(HIDDEN, letters)
    return [*rnn.parameters(), *readout.parameters()]


def test_one_hot_times_the_weights_is_a_column():
    weights = {"embedding": torch.eye(4), "weight_ih_l0": torch.arange(12.0).reshape(3, 4)}
    assert torch.equal(as_one(weights)["weight_ih_l0"], weights["weight_ih_l0"])
    assert "embedding" not in as_one(weights)


def test_perplexity_by_hand():
    """All of 4 equally likely: 4. Counts of 0 0 1 say P(0) = (2 + ⅔)/5, P(1) = ⅓ (Witten & Bell, three classes)."""
    assert perplexity_of([{}], (0, 1, 2, 3), 0, 4) == pytest.approx(4.0)
    counts = ngram.counted([0, 0, 1], 0)
    expected = 2 ** -((math.log2((2 + 2 / 3) / 5) + math.log2(1 / 3)) / 2)
    assert perplexity_of(counts, (1, 0, 1), 0, 3) == pytest.approx(expected)


def test_reading_on_gives_what_reading_all_at_once_gives():
    """The state is all that is kept of the past; float32 of two orders of operation."""
    network = trained(TOY, False, 5, nothing)
    reader, text = Reader(network), [0, 1, 2, 1, 0, 2]
    stepwise = [reader(text[:t]) for t in range(1, len(text) + 1)]
    assert np.array(stepwise) == pytest.approx(network.probability(text), abs=1e-6)


@pytest.mark.parametrize("text", ["library", "own_text"])
def test_every_answer_is_a_distribution_whatever_was_typed(text: str):
    for prompt in ("", "한", "if x < 3: # *<b>*"):
        data = NextCharacter(training_text=text, prompt=prompt, updates=50).compute()  # type: ignore[arg-type]
        assert data["chance"].sum("letter").values == pytest.approx(1.0, abs=1e-9)
        assert data.sizes["place"] == max(1, len(prompt))
        assert data.sizes["letter"] == len(reading_matter(text, content.built_in(SAMPLE)).alphabet)  # type: ignore[arg-type]


def test_a_text_of_ones_own_is_judged_on_what_was_not_learnt():
    matter = reading_matter("own_text", content.built_in(SAMPLE))
    whole = "".join(matter.alphabet[k] for k in matter.fitted + matter.judged)
    known = set(matter.alphabet)
    assert whole == "".join(letter if letter in known else "…" for letter in SAMPLE.decode())
    assert len(matter.fitted) == round(0.8 * len(whole))


@pytest.mark.parametrize("text", ["a" * 400, "\n" * 400, "🙂" * 300, "a" * 10_000 + "b" * 10])
def test_a_monotonous_text_has_two_axes_all_the_same(text: str):
    matter = ReadingMatter((*sorted(set(text)), "…"), tuple(sorted(set(text)).index(letter) for letter in text), ())
    letters, places = often_read(matter.fitted, matter.alphabet, trained(matter, True, 1, nothing))
    assert places.shape == (len(letters), 2) and np.isfinite(places).all()


def test_what_a_line_began_with_is_known_to_the_network_alone():
    """As lesson 5 says: both lines end in the same three characters, which are all that a 4-gram sees."""
    lines = ("    if go(self)", "    x = go(self)")
    after = [NextCharacter(prompt=line).compute()["chance"].isel(place=-1) for line in lines]
    by_count, by_network = ([of.sel(told_by=model) for of in after] for model in ("ngram", "network"))
    assert by_count[0].identical(by_count[1].assign_coords(place=by_count[0]["place"]))
    assert float(by_network[0].sel(letter=":")) > float(by_network[1].sel(letter=":"))


def test_kinds_of_characters():
    assert [kind_of(letter) for letter in "aA7 ([é한.\n"] == [
        "small", "capital", "digit", "space", "bracket", "bracket", "small", "small", "other", "space",
    ]  # fmt: skip
