"""Every demonstration and every figure of one: deterministic, bounded, said in both languages; and known answers."""

from __future__ import annotations

import json
import math
import time
from functools import cache

import numpy as np
import pytest

from rnnviz.api import draw
from rnnviz.demonstrations import DEMONSTRATIONS, AnyLength, Demonstrated, Demonstration, SequenceData
from rnnviz.demonstrations.any_length import EXAMPLES, LONGEST
from rnnviz.demonstrations.sequence_data import mutual_information
from rnnviz.diagnostics.exchange import pack, unpack
from rnnviz.experiment import Experiment
from rnnviz.export import FORMATS, DemonstrationPicture, formats_of
from rnnviz.export.lines import lines
from rnnviz.figures import Look, as_plotly
from rnnviz.figures.demonstrations import DEMONSTRATION_FIGURES, DemonstrationFigure
from rnnviz.text import LANGUAGES, Text
from rnnviz.worker import answer

WAIT = 20.0  # seconds that a person would wait at most, on a machine with other work; most take one
every_demonstration = pytest.mark.parametrize("kind", DEMONSTRATIONS)
every_figure = pytest.mark.parametrize("kind", DEMONSTRATION_FIGURES)


@cache
def shown(kind: type[Demonstration]) -> Demonstrated:
    return kind.from_flat({}).shown()


@every_demonstration
def test_it_computes_the_same_again_in_a_worker_and_within_patience(kind: type[Demonstration]) -> None:
    demonstration, progress = kind.from_flat({}), []
    began = time.monotonic()
    request = {"demonstration": demonstration.kind, "words": json.loads(json.dumps(demonstration.flat()))}
    (data,) = unpack(*answer(request, progress.append)).values()
    assert time.monotonic() - began < WAIT
    by_clock = list(kind.clocked)
    assert data.drop_vars(by_clock).identical(unpack(*pack({"here": shown(kind).data}))["here"].drop_vars(by_clock))
    assert all(0 <= part <= 1 for part in progress)


@every_figure
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_figure_is_drawn_said_and_tabulated(kind: type[DemonstrationFigure], language: str) -> None:
    figure, text, of = kind.from_flat({}), Text(language), shown(kind.draws)
    drawn = figure(of, text, Look(dark=language == "ko"))
    assert drawn == figure(of, text, Look(dark=language == "ko")) and drawn["data"]
    as_plotly(drawn)  # plotly checks every property
    assert "**" in figure.reading(of, text) and 0 < len(figure.table(of, text)) <= 12
    assert len(figure.data(of)) > 0


@every_figure
@pytest.mark.parametrize("form", ["csv", "html", "ipynb", "json", "py"])
def test_it_can_be_taken_home(kind: type[DemonstrationFigure], form: str) -> None:
    picture = DemonstrationPicture(kind.from_flat({}), shown(kind.draws))
    assert len(formats_of(DemonstrationPicture, FORMATS)[form].make(picture)) > 100
    assert picture.drawn.as_json()["provenance"]["key"] == shown(kind.draws).demonstration.key


@every_figure
def test_the_lines_draw_the_figure_again(kind: type[DemonstrationFigure]) -> None:
    picture = DemonstrationPicture(kind.from_flat({}), shown(kind.draws))
    names: dict[str, object] = {}
    exec("\n".join(lines(picture)), names)
    again, before = names["figure"], as_plotly(picture.figure)
    for figure in (again, before):  # what a clock decided comes out a little different each time
        figure.data = [trace for trace in figure.data if trace.meta not in kind.draws.clocked]  # type: ignore[attr-defined]
    assert again.to_json() == before.to_json()  # type: ignore[attr-defined]


def test_a_figure_refuses_what_it_does_not_draw() -> None:
    with pytest.raises(ValueError, match=r"^any_length_error is a figure of AnyLength$"):
        draw("any_length_error", SequenceData())
    with pytest.raises(ValueError, match=r"^gradient_flow is no figure of a demonstration$"):
        draw("gradient_flow", AnyLength())
    with pytest.raises(ValueError, match=r"^any_length_error is a figure of AnyLength$"):
        draw("any_length_error", Experiment())


# — known answers —


def test_of_a_sum_each_model_leaves_what_it_cannot_see() -> None:
    """y_t is a sum of t independent values: one seen of t leaves 1 − 1/t, n of t leave 1 − n/t, the recurrence nothing.

    The share is of variances over EXAMPLES draws: its standard error is below √(4/EXAMPLES) ≈ 0.03.
    """
    error = AnyLength(inputs=8).compute()["error"]
    t = np.arange(1, LONGEST + 1)
    room = 3 * math.sqrt(4 / EXAMPLES)
    assert error.sel(model="fixed_input").values == pytest.approx(np.maximum(0, 1 - 8 / t), abs=room)
    assert error.sel(model="this_step").values == pytest.approx(1 - 1 / t, abs=room)
    assert error.sel(model="recurrent").max() < 1e-20
    assert error.sel(model="fixed_input").values[:8].max() < 1e-20


def test_mutual_information_of_counts_in_closed_form() -> None:
    assert mutual_information(np.eye(8)) == pytest.approx(3.0)  # each tells which of eight
    assert mutual_information(np.outer([1, 2, 3], [4, 5])) == pytest.approx(0.0, abs=1e-15)


@pytest.mark.parametrize("series", ["sound", "characters", "returns", "sine"])
def test_a_shuffle_keeps_the_values_and_takes_the_order(series: str) -> None:
    recorded = SequenceData(series=series, ordering="recorded").compute()  # type: ignore[arg-type]
    shuffled = SequenceData(series=series, ordering="shuffled").compute()  # type: ignore[arg-type]
    assert sorted(recorded["value"].values) == sorted(shuffled["value"].values)
    assert recorded["error"].identical(shuffled["error"])  # both orders are always computed
    information = recorded["mutual_information"]
    assert information.sel(in_order="shuffled") < information.sel(in_order="recorded")


def test_the_noisy_sine_leaves_its_noise() -> None:
    """var = ½ + 0.09, so no forecast gets below 0.09/0.59 = 0.1525; without a past it is 1 but for the draw."""
    error = SequenceData(series="sine").compute()["error"]
    assert float(error.sel(in_order="recorded").min()) > 0.1525 * 0.85  # the noise of 667 values is known to 5 %: three
    assert error.sel(in_order="shuffled").values == pytest.approx(1.0, abs=0.15)
