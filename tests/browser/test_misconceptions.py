"""A card in a real browser: the claim, the counter-example, the page to play with it, and back by the browser's button."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from rnnviz.text import Text
from tests.browser.conftest import wait_ready
from tests.serving import Server, serving_app

TEXT = Text("en")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving_app() as server:
        yield server


def test_a_counter_example_is_set_and_opened_where_one_can_play_with_it(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/misconceptions?lang=en&misconceptions.claim=radius&v=1")
    page.get_by_role("button", name=TEXT("page.misconceptions.set")).click()
    page.wait_for_selector(".rnnviz-plot .main-svg", timeout=60_000)
    wait_ready(page)
    expect(page.get_by_text("4.57", exact=True)).to_be_visible()  # row 3 of the numbers: 4.56821
    title = TEXT("page.gradient_flow.title")
    page.get_by_role("button", name=TEXT("page.misconceptions.open", page=title)).click()
    expect(page.get_by_role("heading", name=title, exact=True)).to_be_visible()
    page.wait_for_selector(".rnnviz-plot .main-svg", timeout=60_000)
    wait_ready(page)
    page.wait_for_url(lambda url: "/misconceptions" not in url and "initializer.chain=0.625" in url)
    assert "view.quantity=jacobian" in page.url
    for _ in range(
        2
    ):  # Streamlit opens a page by its bare address, and the link that we write there is a step of its own
        page.go_back()
        wait_ready(page)
    expect(page.get_by_role("heading", name=TEXT("page.misconceptions.title"), exact=True)).to_be_visible()
    expect(page.get_by_text("4.57", exact=True)).to_be_visible()
