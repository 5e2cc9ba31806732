"""Kept runs in a real browser: all of them through what varies, named under the pointer; one trained again beside the old."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from rnnviz.cells import LSTM
from rnnviz.engine import train
from rnnviz.experiment import Experiment
from rnnviz.export.netcdf import netcdf
from rnnviz.store import Store
from rnnviz.tasks import DelayedRecall
from rnnviz.text import Text
from rnnviz.training import Training
from tests.browser.conftest import wait_ready
from tests.serving import Server, serving_app

TEXT = Text()
BASE = Experiment(
    task=DelayedRecall(sequence_length=8, delay=2), cell=LSTM(hidden_size=3), training=Training(updates=30)
)
RUNS = [BASE.changed({"cell": cell, "batch_size": size}) for cell in ("lstm", "gru") for size in (4, 8)]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("store")
    for one in RUNS:
        Store(folder).add(netcdf(train(one)))
    return folder


@pytest.fixture(scope="module")
def server(store: Path) -> Iterator[Server]:
    with serving_app(RNNVIZ_STORE=str(store)) as server:
        yield server


def opened(page: Page, server: Server) -> None:
    page.set_viewport_size({"width": 1440, "height": 1000})
    page.goto(f"{server.url}/runs?lang=en")
    wait_ready(page)


def choose(page: Page, option: int) -> None:
    chooser = page.get_by_test_id("stMultiSelect").nth(1).locator("input")
    chooser.click()
    page.get_by_role("option").nth(option).click()
    chooser.press("Escape")
    expect(page.locator(".rnnviz-plot .canvas").first).to_be_visible(timeout=30_000)


def test_a_line_of_the_parallel_coordinates_is_named_under_the_pointer(page: Page, server: Server) -> None:
    opened(page, server)
    choose(page, 0)  # all of them
    page.get_by_role("radio", name=TEXT("page.runs.views.parallel")).or_(
        page.get_by_role("button", name=TEXT("page.runs.views.parallel"))
    ).first.click()
    canvas = page.locator(".rnnviz-plot .canvas").first
    title = TEXT("figure.parallel_coordinates.title", measure=TEXT("option.measure.loss.label"))
    expect(canvas.locator(".gtitle").first).to_contain_text(title, timeout=30_000)
    canvas.scroll_into_view_if_needed()
    points = canvas.locator(".scatterlayer .trace").first.locator(".points path")
    expect(points).to_have_count(3)  # cell, examples, loss
    points.last.hover(force=True)
    named = canvas.locator(".hoverlayer")
    expect(named).to_contain_text(TEXT("parameter.batch_size.label"), timeout=10_000)
    key = canvas.evaluate("canvas => canvas.data[0].name")
    assert key in {f"#{one.key[:4]}" for one in RUNS}
    expect(named).to_contain_text(key)


def test_a_run_is_trained_again_beside_the_old_one(page: Page, server: Server, store: Path) -> None:
    opened(page, server)
    choose(page, 1)
    page.get_by_text(TEXT("page.runs.rerun.title")).click()
    again = page.get_by_role("button", name=TEXT("page.runs.rerun.train"), exact=True)
    expect(again).to_be_disabled()
    slider = page.get_by_role("slider", name=TEXT("parameter.learning_rate.label"))
    slider.focus()
    slider.press("ArrowRight")
    expect(again).to_be_enabled(timeout=15_000)
    again.click()
    canvas = page.locator(".rnnviz-plot .canvas").first
    expect(canvas.locator(".legendtext")).to_have_count(2, timeout=120_000)  # both are drawn
    kept = Store(store).runs()
    assert len(kept) == len(RUNS) + 1
    (new,) = [run for run in kept if run.key not in {one.key for one in RUNS}]
    assert new.words["training.optimizer.learning_rate"] > 0.001
