"""The names on logarithmic axes: whole powers of ten, or plain numbers where there are too few of those."""

from __future__ import annotations

import pytest

from rnnviz.figures import ticks


@pytest.mark.parametrize(
    ("low", "high", "names"),
    [
        (-0.26, 0.26, ["0.6", "0.8", "1", "1.2", "1.4", "1.6", "1.8"]),
        (-0.3, 0.5, ["0.7", "1", "2", "3"]),
        (-1.1, 0.1, ["0.1", "0.2", "0.5", "1"]),
        (-7.1, -5.9, ["10<sup>−7</sup>", "2·10<sup>−7</sup>", "5·10<sup>−7</sup>", "10<sup>−6</sup>"]),
    ],
)
def test_within_two_decades_the_names_are_plain_numbers(low, high, names):
    found = ticks.axis(low, high)
    assert found["ticktext"] == names
    assert all(low <= place <= high for place in found["tickvals"])
    assert ticks.bar(low, high)["ticktext"] == names


def test_over_two_decades_and_more_they_are_whole_powers():
    assert ticks.axis(-2.2, 0.3)["dtick"] == 1
    assert "tickvals" not in ticks.axis(-60.0, 5.0)
    bar = ticks.bar(-12.3, -0.3)
    assert bar["tickvals"] == [-10.0, -7.0, -4.0, -1.0]
    assert bar["ticktext"][0] == "10<sup>−10</sup>"
