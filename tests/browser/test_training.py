"""Something tiny is trained in a real browser, from a press to figures; another browser finds it by its link."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from rnnviz.experiment import Experiment
from rnnviz.store import Store
from rnnviz.text import Text
from rnnviz.ui.address import read
from rnnviz.ui.training_record import START
from tests.browser.conftest import wait_ready
from tests.serving import Server, serving_app

TEXT = Text()
LINK = {"lang": "en", "v": "1", "task.sequence_length": "12", "cell.hidden_size": "6", "batch_size": "4",
        "training.updates": "40", "seeds": "2"}  # fmt: skip
FINISHED = TEXT("page.training.progress", done=240, all=240, finished=6, runs=6)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store")


@pytest.fixture(scope="module")
def server(store: Path) -> Iterator[Server]:
    with serving_app(RNNVIZ_STORE=str(store)) as server:
        yield server


def experiments() -> list[Experiment]:
    record, refused = read({word: value for word, value in LINK.items() if word != "lang"}, START)
    assert not refused
    return list(record.study().experiments().values())


def opened(page: Page, server: Server, **more: str) -> None:
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(f"{server.url}/training?{urlencode({**LINK, **more})}")
    wait_ready(page)


def curves(canvas: Locator) -> np.ndarray:
    """What the browser has drawn of the medians, (curve, update); not comparable until all are as long as they will be."""
    packed = canvas.evaluate("canvas => canvas.data.filter(trace => trace.showlegend).map(trace => trace.y.bdata)")
    drawn = [np.frombuffer(base64.b64decode(bdata), "<f4") for bdata in packed]
    return np.array(drawn) if [len(curve) for curve in drawn] == [40] * 3 else np.full((3, 40), np.nan)


def test_from_a_press_to_figures_and_found_again_by_the_link(page: Page, server: Server, store: Path) -> None:
    opened(page, server)
    page.get_by_role("button", name=TEXT("page.training.start"), exact=True).click()
    expect(page.get_by_text(FINISHED)).to_be_visible(timeout=120_000)
    canvas = page.locator(".rnnviz-plot .canvas").first
    expect(canvas.locator(".scatterlayer path.js-line").first).to_be_attached(timeout=30_000)
    # The stored logs, without any figure in between: log₁₀ of the median over both seeds.
    kept = Store(store)
    losses = {one: kept.data(kept.get(one.key)).loss.values for one in experiments()}
    both = [[loss for one, loss in losses.items() if one.cell.kind == cell] for cell in ("elman", "lstm", "gru")]
    expected = np.log10(np.median(both, axis=1))
    until = time.monotonic() + 30
    while not np.allclose(drawn := curves(canvas), expected, atol=1e-5):  # the words are there before the curves
        assert time.monotonic() < until, (drawn, expected)
        page.wait_for_timeout(200)
    other = page.context.browser.new_page()  # nothing but the link
    opened(other, server, **{"view.watch": "reach"})
    expect(other.get_by_text(FINISHED)).to_be_visible(timeout=30_000)
    expect(other.locator(".rnnviz-plot .heatmaplayer image").first).to_be_attached(timeout=30_000)
    other.close()
