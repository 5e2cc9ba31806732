"""Words on a coloured ground can be read, light and dark."""

from __future__ import annotations

import numpy as np
import pytest

from rnnviz.figures.look import Look, contrast, mixed


def test_contrast_is_that_of_wcag() -> None:
    """The ends of the scale, and the grey that is known as the lightest with 4.5 on white."""
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.005)


@pytest.mark.parametrize("dark", [False, True])
def test_ink_stands_out_from_every_colour_of_a_diverging_map(dark: bool) -> None:
    look = Look(dark=dark)
    colours = [str(colour) for _, colour in look.diverging]
    for share in np.linspace(0, 1, 201):
        assert contrast(look.ink_on_diverging(share), mixed(colours, share)) >= 4.5
    assert look.ink_on_diverging(0.5) == look.ink
