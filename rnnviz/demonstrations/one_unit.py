"""What one unit of a character model knows: its value at every character, what it follows, and where it does the same.

The network in `assets/` was made by this command, in ten minutes of one core (Python 3.11; another version trains on the
sources of its own library):

    python -m rnnviz run task=characters task.module=library task.sequence_length=300 cell=lstm cell.hidden_size=128
        cell.forget_bias=1 initializer=pytorch_default loss=every batch_size=16 training.updates=6000
        training.optimizer.learning_rate=0.004
        training.schedule=cosine training.clipping=norm --out assets/python_characters.safetensors
"""

from __future__ import annotations

from functools import cache
from typing import Annotated, Literal

import numpy as np
import xarray as xr
from pydantic import Field

from rnnviz.choice import Pattern, Range, Word
from rnnviz.demonstrations.demonstration import Demonstration, Tick, nothing
from rnnviz.diagnostics.unit_tracking import alike, correlations, ranked
from rnnviz.engine import Trainer
from rnnviz.engine.reading import Reading, read
from rnnviz.engine.weights import Network
from rnnviz.experiment import Experiment
from rnnviz.shipped import assets
from rnnviz.tasks.characters import ALPHABET, OTHER, classes, fingerprint_of, source
from rnnviz.tasks.python_text import FEATURES, features

SHIPPED = assets() / "python_characters.safetensors"
READ = 12_000  # characters of a module that are read, and in which the units are compared
PAGE = 600  # characters that are shown
WINDOW = 32  # characters of the history that is looked for elsewhere
PASSAGES = 6  # that are shown of it, with the history itself
TRAINED = 64  # units of a network that is trained here


class OneUnit(Demonstration):
    """A character model reads Python, and one of its units is watched.

    reader   shipped: an LSTM of 128 units in `assets/`, trained on six modules of the standard library; trained_here: an
             LSTM of 64 units, trained now on the same modules, for `updates` updates
    excerpt  a module of the standard library; `typed_python`, if there is any, is read in its place after the ranking
    tracked  what of the text the units are ranked by, `unit_rank` which of them is watched; its state: h, or c, which the
             output gate does not hide
    """

    kind: Literal["one_unit"] = Field("one_unit", repr=False)
    reader: Literal["shipped", "trained_here"] = "shipped"
    updates: Annotated[int, Range(50, 400, step=50, symbol="U", unit="updates")] = 100
    excerpt: Literal["textwrap", "statistics", "shlex", "configparser"] = "textwrap"
    excerpt_page: Annotated[int, Range(1, READ // PAGE)] = 14
    typed_python: Annotated[str, Pattern(r"^[^\x00-\x1f\x7f]{0,300}$", longest=300)] = ""
    tracked: Literal["quotes", "comment", "condition", "indentation", "column", "line_end"] = "indentation"
    unit_rank: Annotated[int, Range(1, TRAINED)] = 1
    watched: Literal["hidden_state", "cell_state"] = "cell_state"
    upto: Annotated[int, Range(WINDOW, PAGE, unit="characters")] = 200

    def fingerprint(self) -> str:
        return fingerprint_of(self.excerpt)

    def text(self) -> str:
        """What is shown, coloured by the unit: a page of the module, or what was typed, with \\n for a new line."""
        if self.typed_python:
            return self.typed_python.replace("\\n", "\n")
        return source(self.excerpt)[self.place]

    @property
    def place(self) -> slice:
        """Of the page in the module."""
        return slice((self.excerpt_page - 1) * PAGE, self.excerpt_page * PAGE)

    def compute(self, tick: Tick = nothing) -> xr.Dataset:
        """Of the module: correlation of every unit with every feature, (tracked, unit); and of its ranking, the watched unit.

        Of the text that is shown, (character,): value of the unit, feature, letter, guess (the next character that the
        network finds most likely) and chance (its probability). Of the passages in which the unit does most nearly what
        it does in the characters up to `upto`, itself first: passage_letter and passage_value (passage, window),
        distance (passage,).   bits: per character of the module, as the network expects it.
        """
        network = shipped() if self.reader == "shipped" else trained(self.updates, tick)
        module = source(self.excerpt)[:READ]
        whole = read(network, module)
        tick(0.7)
        states, marks = self.states(whole), features(module)
        correlation = correlations(states, marks)
        unit = int(ranked(correlation[self.tracked])[min(self.unit_rank, states.shape[1]) - 1])
        text, place = self.text(), slice(None) if self.typed_python else self.place
        own, own_marks = (read(network, text), features(text)) if self.typed_python else (whole, marks)
        value, guess = self.states(own)[place, unit], own.probability[place].max(-1)
        history = slice(max(0, min(self.upto, len(text)) - WINDOW), min(self.upto, len(text)))
        letters, values, distance = passages(module, states[:, unit], text[history], value[history])
        return xr.Dataset(
            {
                "correlation": (("tracked", "unit"), np.stack([correlation[name] for name in FEATURES])),
                "watched_unit": ((), unit),
                "value": ("character", value),
                "feature": ("character", own_marks[self.tracked][place]),
                "letter": ("character", np.array(list(text))),
                "guess": ("character", np.array([letter_of(int(k)) for k in guess.indices])),
                "chance": ("character", guess.values.double().numpy()),
                "passage_letter": (("passage", "window"), letters),
                "passage_value": (("passage", "window"), values),
                "distance": ("passage", distance),
                "bits": ((), bits_per_character(whole, module)),
            },
            {"tracked": list(FEATURES), "unit": np.arange(states.shape[1])},
        )

    def states(self, reading: Reading) -> np.ndarray:
        """(time, unit) float64."""
        if self.watched == "hidden_state" or reading.cell_state is None:
            return reading.hidden_state.double().numpy()
        return reading.cell_state.double().numpy()


@cache
def shipped() -> Network:
    return Network.from_file(SHIPPED)


def trained(updates: int, tick: Tick) -> Network:
    """A small LSTM, trained on the six modules."""
    words: dict[str, Word] = {
        "task": "characters", "task.module": "library", "task.sequence_length": 100, "cell": "lstm",
        "cell.hidden_size": TRAINED, "cell.forget_bias": 1, "loss": "every", "batch_size": 16, "training": "training",
        "training.updates": updates, "training.optimizer.learning_rate": 0.01, "training.clipping": "norm",
    }  # fmt: skip
    trainer = Trainer(Experiment.from_flat(words), every=updates, tick=lambda progress: tick(0.6 * progress))
    for _ in trainer.steps():
        pass
    return Network(trainer.experiment, trainer.parameters)


def letter_of(place: int) -> str:
    return "…" if place == OTHER else ALPHABET[place]


def bits_per_character(reading: Reading, text: str) -> float:
    """Mean −log₂ P of every character but the first."""
    following = classes(text)[1:, None]
    return float(-reading.probability[:-1].double().gather(1, following).log2().mean())


def passages(text: str, path: np.ndarray, shown: str, history: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The history itself, and the places of the text where the path comes nearest to it."""
    width = len(history)
    near = [(text[at : at + width], path[at : at + width], far) for at, far in alike(path, history, PASSAGES)]
    rows = [(shown, history, 0.0), *(one for one in near if one[0] != shown)][:PASSAGES]
    return (
        np.array([list(letters) for letters, _, _ in rows]),
        np.stack([values for _, values, _ in rows]),
        np.array([far for _, _, far in rows]),
    )
