"""Choices: every form they travel in comes back as the same choice, and what lies outside a declaration is refused."""

from __future__ import annotations

import copy
import json
import math
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Mapping

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from rnnviz import cells, clipping, experiment, initializers, optimizers, tasks, training
from rnnviz.cells import CELLS, GRU, LSTM, Chrono, Elman, ForgetBias
from rnnviz.choice import Choice, InvalidParameter, Known, OneOf, Parameter, Range
from rnnviz.experiment import Experiment, LossAtStep, Study, Variation, comparison
from rnnviz.figures import GradientFlow
from rnnviz.initializers import INITIALIZERS, Gain, Gaussian, NaturalScale, NonNormal, Orthogonal, SpectralRadius
from rnnviz.tasks import TASKS, Adding, Copying, Noise, OwnSeries, OwnText, Stocks

MODULES = (cells, clipping, experiment, initializers, optimizers, tasks, training)
NAMES = {name: one for module in MODULES for name, one in vars(module).items()} | {"GradientFlow": GradientFlow}


def values_of(parameter: Parameter) -> st.SearchStrategy[object]:
    """Every value that a declaration admits, from the declaration alone."""
    if parameter.options:
        return st.sampled_from(sorted(parameter.options)).flatmap(lambda kind: choices_of(parameter.options[kind]))
    match parameter.domain:
        case Range(low, high):
            whole = isinstance(parameter.default, int)
            return st.integers(int(low), int(high)) if whole else st.floats(low, high)
        case OneOf(words):
            return st.booleans() if isinstance(parameter.default, bool) else st.sampled_from(words)
        case _ if parameter.name == "sha256":
            return st.text("0123456789abcdef", min_size=64, max_size=64)
    return st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), min_size=1, max_size=60)


def choices_of(kind: type[Choice]) -> st.SearchStrategy[Choice]:
    return st.builds(kind, **{parameter.name: values_of(parameter) for parameter in kind.parameters_declared()})


KINDS = [*CELLS, *INITIALIZERS, *TASKS, Experiment, GradientFlow]
of_every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
few = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])


# — round trips —


@of_every_kind
@few
@given(data=st.data())
def test_every_form_comes_back_as_the_same_choice(kind, data):
    """Flat, JSON, the strings of a link or a command line, Python's repr, pickle: equal choice, equal hash, equal key."""
    made = data.draw(choices_of(kind))
    flat = made.flat()
    back = {
        "flat": kind.from_flat(flat),
        "json": kind.from_flat(json.loads(json.dumps(flat))),
        "strings": kind.from_flat({name: str(word) for name, word in flat.items()}),
        "shuffled": kind.from_flat(dict(reversed(flat.items()))),
        "repr": eval(repr(made), NAMES),  # our own words, made a line above
        "pickle": pickle.loads(pickle.dumps(made)),
        "copy": copy.deepcopy(made),
        "model_copy": made.model_copy(),
        "unchanged": made.changed(flat),
    }
    assert back == dict.fromkeys(back, made)
    assert {hash(other) for other in back.values()} == {hash(made)}
    assert {other.key for other in back.values()} == {made.key}


@few
@given(one=choices_of(Experiment), other=choices_of(Experiment))
def test_keys_are_equal_exactly_when_the_words_are(one, other):
    assert (one.key == other.key) == (one.flat() == other.flat())
    assert all(isinstance(word, str | bool | int | float) for word in one.flat().values())


def test_every_parameter_is_in_the_flat_form_and_in_the_key():
    """A parameter left out of the key would let a cached result of another experiment be shown."""
    base = Experiment(cell=LSTM(), task=Noise())
    changed = {
        "task": "adding", "task.sequence_length": 99, "task.variance": 0.5, "task.features": 2, "loss": "every",
        "cell": "gru", "cell.hidden_size": 31, "cell.layers": 2, "cell.activation": "relu", "cell.forget_bias.value": 1.0,
        "initializer": "gaussian", "initializer.scale.gain": 0.9, "batch_size": 15, "seed": 1, "dtype": "float64",
        "training": "training",
    }  # fmt: skip
    assert {name for name in base.flat() if name not in changed} == {"initializer.scale", "cell.forget_bias"}
    keys = {base.key, *(base.changed({name: word}).key for name, word in changed.items())}
    assert len(keys) == 1 + len(changed)


def test_a_key_is_the_same_in_another_process():
    """Another process has another hash seed, so nothing may hang on the order of a set or on hash()."""
    studies = [comparison(Experiment()), Study.of(Experiment(), {"a": {"seed": 1}})]
    made = [Experiment(), Experiment(cell=LSTM(forget_bias=Chrono()), task=Stocks()), *studies]
    program = (
        "import sys; from rnnviz.experiment import *; from rnnviz.cells import *; from rnnviz.tasks import *\n"
        "from rnnviz.initializers import *; from rnnviz.training import *; from rnnviz.optimizers import *\n"
        "from rnnviz.clipping import *\n"
        "print(*(choice.key for choice in eval(sys.stdin.read())))"
    )
    for seed in ("1", "2"):
        told = subprocess.run(
            [sys.executable, "-c", program], input=repr(made), env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert told.stdout.split() == [choice.key for choice in made]


def test_minus_zero_is_zero():
    """−0.0 == 0.0, so their keys must be equal too; and as text they are not."""
    for zero in (
        Gain(gain=-0.0),
        Gain.from_flat({"gain": "-0"}),
        Gain(gain=0),
        Gain().model_copy(update={"gain": -0.0}),
    ):
        assert math.copysign(1, zero.gain) == 1 and zero.key == Gain(gain=0.0).key and zero.flat() == {"gain": 0.0}


def test_a_whole_number_is_a_good_number_but_not_the_other_way_round():
    assert Gain(gain=1).key == Gain(gain=1.0).key and isinstance(Gain(gain=1).gain, float)


# — copies and changes —


def test_a_choice_is_frozen_and_its_copies_are_checked():
    with pytest.raises(ValidationError, match="frozen"):
        Elman().hidden_size = 3
    with pytest.raises(InvalidParameter, match=r"^hidden_size must be a whole number from 1 to 512 units; got 0\.$"):
        Elman().model_copy(update={"hidden_size": 0})
    with pytest.raises(InvalidParameter, match=r"^hidden_sze must be left out; .* Did you mean hidden_size\?$"):
        Elman().model_copy(update={"hidden_sze": 3})


def test_what_two_kinds_share_is_carried_over_when_one_changes_into_the_other():
    base = Experiment(cell=LSTM(hidden_size=7, layers=2, activation="relu", forget_bias=1.5), seed=5)
    assert base.changed({"cell": "gru"}).cell == GRU(hidden_size=7, layers=2, activation="relu")
    assert base.changed({"cell": "gru", "cell.layers": 3}).cell == GRU(hidden_size=7, layers=3, activation="relu")
    assert base.changed({"cell": "lstm"}) == base
    assert base.changed({"cell": "gru"}).seed == 5
    scaled = base.changed({"initializer.scale.gain": 0.5})
    assert scaled.changed({"initializer": "gaussian"}).initializer == Gaussian(scale=Gain(gain=0.5))
    assert scaled.changed({"initializer.scale": "natural"}).initializer.scale == NaturalScale()


def test_what_the_other_kind_cannot_hold_is_left_behind():
    long = Experiment(task=Noise(sequence_length=300))
    assert long.changed({"task": "adding"}).task == Adding(sequence_length=300)
    assert long.changed({"task": "stocks"}).task == Stocks()  # its 104 weeks cannot hold 300 steps


def test_a_link_carries_nothing_over():
    """What a link leaves out has its default, whoever opens it."""
    assert Experiment.from_flat({"cell": "gru"}).cell == GRU()
    assert Experiment.from_flat({"cell": "gru", "cell.layers": "2"}).cell == GRU(layers=2)


def test_a_choice_may_be_named_by_its_parameters_alone():
    assert Experiment.from_flat({"initializer.scale.spectral_radius": 0.8}).initializer == Orthogonal(
        scale=SpectralRadius(spectral_radius=0.8)
    )
    assert Experiment.from_flat({"initializer.chain": 0.5}).initializer == NonNormal(chain=0.5)
    assert Experiment.from_flat({"task.remember": "3"}).task == Copying(remember=3)


def test_a_bare_number_is_a_forget_bias():
    assert LSTM(forget_bias=2) == LSTM(forget_bias=ForgetBias(value=2.0))
    for word in (2, 2.0, "2", "2.0"):
        assert Experiment.from_flat({"cell.forget_bias": word}).cell == LSTM(forget_bias=2)
    chrono = Experiment(cell=LSTM(forget_bias=Chrono(longest_lag=50)))
    assert chrono.changed({"cell.forget_bias": 2}).cell == LSTM(forget_bias=2)
    assert chrono.changed({"cell.forget_bias.longest_lag": 60}).cell == LSTM(forget_bias=Chrono(longest_lag=60))


# — refusals —

REFUSALS: dict[str, tuple[Callable[[], object], str]] = {
    "NaN": (lambda: Gain(gain=math.nan), "gain must be a number from 0 to 4; got nan."),
    "infinity": (lambda: Gain(gain=math.inf), "gain must be a number from 0 to 4; got inf."),
    "a word for a number": (lambda: Gain(gain="1"), "gain must be a number from 0 to 4; got '1'."),
    "True for a number": (lambda: Gain(gain=True), "gain must be a number from 0 to 4; got True."),
    "True for a whole number": (
        lambda: Elman(hidden_size=True), "hidden_size must be a whole number from 1 to 512 units; got True.",
    ),
    "1.0 for a whole number": (
        lambda: Elman(hidden_size=1.0), "hidden_size must be a whole number from 1 to 512 units; got 1.0.",
    ),
    "0 for a truth": (lambda: GradientFlow(bounds=0), "bounds must be one of true, false; got 0."),
    "too large": (lambda: Elman(hidden_size=513), "hidden_size must be a whole number from 1 to 512 units; got 513."),
    "too small": (lambda: Experiment(seed=-1), "seed must be a whole number from 0 to 2147483647; got -1."),
    "an unknown word": (
        lambda: Elman(activation="tahn"),
        "activation must be one of sigmoid, tanh, relu, identity; got 'tahn'. Did you mean tanh?",
    ),
    "an unknown name": (
        lambda: Elman(hiden_size=6),
        "hiden_size must be left out; the parameters here are hidden_size, layers, activation; got 6. "
        "Did you mean hidden_size?",
    ),
    "a choice of another kind": (
        lambda: Experiment(cell=Gain(gain=2)), "cell must be one of elman, lstm, gru; got Gain(gain=2.0).",
    ),
    "nothing": (lambda: Experiment(cell=None), "cell must be one of elman, lstm, gru; got None."),
    "a truth for a forget bias": (
        lambda: LSTM(forget_bias=True), "forget_bias must be one of constant, chrono; got True.",
    ),
    "a forget bias too large": (
        lambda: LSTM(forget_bias=20), "forget_bias.value must be a number from -6 to 10; got 20.",
    ),
    "a word of another form": (
        lambda: OwnText(sha256="AB"), "sha256 must be a word of the form ^[0-9a-f]{64}$; got 'AB'.",
    ),
    "no column": (
        lambda: OwnSeries(column="a\nb"),
        r"column must be a word of the form ^[^\x00-\x1f\x7f]{1,60}$; got 'a\nb'.",
    ),
    "a number of 5000 digits": (
        lambda: Experiment(seed=10**5000), "seed must be a whole number from 0 to 2147483647; got '10^5000'.",
    ),
    "a word that fills a screen": (
        lambda: Experiment(dtype="f" * 5000), f"dtype must be one of float32, float64; got '{'f' * 79}…'.",
    ),
    "NaN for a forget bias": (
        lambda: LSTM(forget_bias=math.nan), "forget_bias.value must be a number from -6 to 10; got nan.",
    ),
    "variations that are none": (lambda: Study(variations=5), "variations must be a tuple of Variation; got 5."),
    "changes that are none": (
        lambda: Variation(name="a", changes=5), "changes must be a tuple of (path, value); got 5.",
    ),
    "a name that is no name": (
        lambda: Variation(name="A b"), r"name must be a word of the form ^[a-z0-9_\-]{1,40}$; got 'A b'.",
    ),
}  # fmt: skip

LINK_REFUSALS: dict[str, tuple[Mapping[str, object], str]] = {
    "NaN": ({"initializer.scale.gain": "nan"}, "initializer.scale.gain must be a number from 0 to 4; got nan."),
    "infinity": ({"initializer.scale.gain": "1e999"}, "initializer.scale.gain must be a number from 0 to 4; got inf."),
    "True": ({"initializer.scale.gain": True}, "initializer.scale.gain must be a number from 0 to 4; got True."),
    "a fraction": (
        {"cell.hidden_size": "3.0"}, "cell.hidden_size must be a whole number from 1 to 512 units; got '3.0'.",
    ),
    "an unknown kind": ({"cell": "lstn"}, "cell must be one of elman, lstm, gru; got 'lstn'. Did you mean lstm?"),
    "a kind that is no word": ({"cell": True}, "cell must be one of elman, lstm, gru; got True."),
    "an unknown name": (
        {"cel": "lstm"},
        "cel must be left out; the parameters here are task, loss, cell, initializer, batch_size, seed, dtype, "
        "training; "
        "got 'lstm'. Did you mean cell?",
    ),
    "an unknown inner name": (
        {"cell": "gru", "cell.hiden_size": 3},
        "cell.hiden_size must be left out; the parameters here are hidden_size, layers, activation, reset, update_bias; "
        "got 3. Did you mean hidden_size?",
    ),
    "a parameter of another kind": (
        {"cell": "elman", "cell.forget_bias": 1},
        "cell.forget_bias must be left out; the parameters here are hidden_size, layers, activation; got 1.",
    ),
    "a parameter of a plain value": ({"dtype.bits": 16}, "dtype.bits must be left out; got 16."),
    "an unknown dtype": (
        {"dtype": "float16"}, "dtype must be one of float32, float64; got 'float16'. Did you mean float64?",
    ),
    "None for a kind": ({"cell": None}, "cell must be one of elman, lstm, gru; got None."),
    "None for an inner kind": (
        {"initializer.scale": None}, "initializer.scale must be one of natural, gain, spectral_radius; got None.",
    ),
    "NaN for a forget bias": (
        {"cell.forget_bias": math.nan}, "cell.forget_bias.value must be a number from -6 to 10; got nan.",
    ),
    "NaN for a forget bias, in a link": (
        {"cell.forget_bias": "nan"}, "cell.forget_bias.value must be a number from -6 to 10; got nan.",
    ),
    "5000 digits for a kind": ({"cell": 10**5000}, "cell must be one of elman, lstm, gru; got '10^5000'."),
    "a misspelt forget bias": (
        {"cell.forget_bias": "chronoo"},
        "cell.forget_bias must be one of constant, chrono; got 'chronoo'. Did you mean chrono?",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("make", "words"), REFUSALS.values(), ids=REFUSALS)
def test_what_is_refused_and_in_which_words(make, words):
    with pytest.raises(InvalidParameter) as refused:
        make()
    assert str(refused.value) == words
    assert words.startswith(f"{refused.value.path} must be {refused.value.domain}; got {refused.value.value!r}.")


@pytest.mark.parametrize(("flat", "words"), LINK_REFUSALS.values(), ids=LINK_REFUSALS)
def test_what_is_refused_in_a_link_is_named_by_its_whole_path(flat, words):
    for read in (Experiment.from_flat, Experiment().changed):
        with pytest.raises(InvalidParameter) as refused:
            read(flat)
        assert str(refused.value) == words


def test_a_kind_given_where_a_choice_belongs_is_not_suggested_again():
    """`Experiment(cell="lstm")` is a mistake, but not one of spelling."""
    with pytest.raises(InvalidParameter, match="cell must be one of elman, lstm, gru; got 'lstm'") as refused:
        Experiment(cell="lstm")
    assert "Did you mean lstm" not in str(refused.value)


def test_a_refusal_keeps_its_parts_for_a_page_in_another_language():
    with pytest.raises(InvalidParameter) as refused:
        Experiment.from_flat({"cell.layers": 5})
    error = refused.value
    assert (error.path, error.value, error.near) == ("cell.layers", 5, "")
    assert isinstance(error.domain, Range) and (error.domain.low, error.domain.high, error.domain.unit) == (
        1,
        4,
        "layers",
    )
    assert isinstance(pickle.loads(pickle.dumps(Known(("a",)))), Known)


# — studies —

NAME = st.text("abcdefghijklmnopqrstuvwxyz0123456789_-", min_size=1, max_size=40)
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "cell": st.sampled_from(["elman", "lstm", "gru"]), "cell.activation": st.sampled_from(["tanh", "relu"]),
        "initializer.scale.gain": st.floats(0, 4), "seed": st.integers(0, 2**31 - 1), "batch_size": st.integers(1, 256),
    },
)  # fmt: skip


@few
@given(base=choices_of(Experiment), variations=st.dictionaries(NAME, CHANGES, max_size=4))
def test_a_study_comes_back_with_the_same_experiments_and_key(base, variations):
    base = base.changed({"initializer.scale": "gain"})
    study = Study.of(base, variations)
    flat = study.flat()
    assert Study.from_flat(flat) == Study.from_flat(json.loads(json.dumps(flat))) == study
    assert eval(repr(study), NAMES) == study
    from_link = Study.from_flat({name: str(word) for name, word in flat.items()})
    assert from_link == study and from_link.experiments() == study.experiments() and from_link.key == study.key
    assert list(study.experiments()) == list(variations or ["base"])


WRONG_CHANGES: dict[str, tuple[dict[str, object], str]] = {
    "NaN": ({"seed": math.nan}, "a/seed must be a whole number from 0 to 2147483647; got nan."),
    "None": ({"seed": None}, "a/seed must be a whole number from 0 to 2147483647; got None."),
    "True": ({"seed": True}, "a/seed must be a whole number from 0 to 2147483647; got True."),
    "a list": ({"seed": [1]}, "a/seed must be a whole number from 0 to 2147483647; got [1]."),
    "an unknown name": (
        {"sed": 1},
        "a/sed must be left out; the parameters here are task, loss, cell, initializer, batch_size, seed, dtype, "
        "training; got 1. Did you mean seed?",
    ),
    "a kind's own": (
        {"cell": "lstm", "cell.forget_bias": 20}, "a/cell.forget_bias.value must be a number from -6 to 10; got 20.",
    ),
    "None for a kind": ({"cell": None}, "a/cell must be one of elman, lstm, gru; got None."),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "words"), WRONG_CHANGES.values(), ids=WRONG_CHANGES)
def test_a_wrong_change_is_refused_when_the_study_is_made_and_says_of_which_variation(changes, words):
    """Found only when the key was asked for, it would name a path that stands in no word of the study."""
    flat = {f"a/{path}": value for path, value in changes.items()}
    makers = (
        lambda: Study.of(Experiment(), {"good": {"seed": 2}, "a": changes}),
        lambda: Study.from_flat(flat),
        lambda: Study(variations=(Variation(name="a", changes=tuple(changes.items())),)),
    )
    for make in makers:
        with pytest.raises(InvalidParameter) as refused:
            make()
        assert str(refused.value) == words
        assert words.startswith(f"{refused.value.path} must be {refused.value.domain}; got {refused.value.value!r}.")


def test_a_change_is_the_same_in_a_link_as_in_code():
    """A link has words only; 2, 2.0 and "2" are one forget bias, so the studies must be equal as their keys are."""
    changes = {
        "long": {"cell": "lstm", "cell.forget_bias.value": 2.0},
        "short": {"cell": "lstm", "cell.forget_bias": 2},
        "other": {"cell": "gru", "seed": 3, "cell.reset": "before", "task": "noise", "task.variance": 1},
        "none": {},
    }
    study = Study.of(Experiment(), changes)
    link = Study.from_flat({path: str(word) for path, word in study.flat().items()})
    assert link == study and hash(link) == hash(study) and link.key == study.key and link.flat() == study.flat()
    assert study.variations[0].changes == (("cell", "lstm"), ("cell.forget_bias.value", 2.0))
    assert {type(word) for variation in link.variations for _, word in variation.changes} == {str, float, int}
    again = Study(base=study.base.changed({"dtype": "float64"}), variations=link.variations)
    assert again.variations == study.variations


def test_the_key_of_a_study_follows_its_experiments():
    one, two = (Study.of(Experiment(seed=seed), {"a": {}, "b": {"seed": 7}}) for seed in (1, 2))
    assert one.key != two.key
    assert one.key == Study.of(Experiment(seed=7), {"a": {"seed": 1}, "b": {}}).key  # said otherwise, the same two
    assert Study(base=Experiment(seed=1)).key != one.key


def test_two_variations_of_one_name_are_refused():
    """Kept silently, one of the two would be drawn under the other's name."""
    twice = (Variation(name="a"), Variation(name="a", changes=(("seed", 1),)))
    with pytest.raises(ValueError, match=r"\ba\b"):
        Study(variations=twice)


def test_the_page_compares_every_cell_with_every_activation_all_else_equal():
    study = comparison(Experiment(seed=3), changes={"lstm": {"cell.forget_bias": 2.0}})
    made = study.experiments()
    assert [(e.cell.kind, e.cell.activation) for e in made.values()] == [
        (cell, activation) for cell in ("elman", "lstm", "gru") for activation in ("sigmoid", "tanh", "relu")
    ]
    assert {(e.seed, e.task, e.initializer, e.cell.hidden_size) for e in made.values()} == {
        (3, Adding(), Experiment().initializer, 32)
    }
    assert made["lstm-tanh"].cell == LSTM(forget_bias=2)


def test_a_loss_after_the_end_is_a_loss_at_the_end():
    assert list(LossAtStep(step=50).steps(20)) == [20] and list(LossAtStep(step=5).steps(20)) == [5]
