"""A lesson in a real browser: an answer, a link in the text, the figure that changes, the address that reproduces it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from rnnviz.text import Text
from rnnviz.ui.lessons import NAMES
from tests.browser.conftest import wait_ready
from tests.serving import Server, serving_app

TEXT = Text("en")
STRIP = "document.querySelector('.rnnviz-plot .canvas').data[0].y.bdata"

CUT_OFF = """[...document.querySelectorAll(".katex-display")].filter(box => box.scrollWidth > box.clientWidth)
    .map(box => box.querySelector("annotation").textContent)"""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving_app() as server:
        yield server


def drawn(page: Page) -> str:
    page.wait_for_selector(".rnnviz-plot .main-svg", timeout=60_000)
    wait_ready(page)
    return str(page.evaluate(STRIP))


def test_a_lesson_is_answered_and_its_text_sets_the_experiment(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/sequence-data?lang=en")
    before = drawn(page)
    page.get_by_text(TEXT("lesson.sequence_data.choice.same"), exact=True).click()
    expect(page.get_by_test_id("stAlert")).to_be_visible()
    page.wait_for_url(lambda url: "answers=1b" in url)
    link = page.get_by_role("link", name="Shuffle the sine")
    link.scroll_into_view_if_needed()
    height = page.evaluate("document.querySelector('[data-testid=stMain]').scrollTop")
    link.click()
    page.wait_for_url(lambda url: "data.ordering=shuffled" in url and "answers=1b" in url)
    page.wait_for_function(f"{STRIP} !== {before!r}")
    wait_ready(page)
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollTop") == pytest.approx(height, abs=2)
    shuffled, address = drawn(page), page.url

    page.goto("about:blank")
    page.goto(address)
    assert drawn(page) == shuffled != before
    expect(page.get_by_test_id("stAlert")).to_be_visible()
    again = page.get_by_role("button", name=TEXT("page.learn.set_question"))
    again.click()
    page.wait_for_function(f"{STRIP} === {before!r}")


def test_the_figures_stay_in_sight_and_come_before_the_details_on_a_phone(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/vanishing?lang=en")
    drawn(page)
    figure, last = page.locator(".rnnviz-plot").first, page.get_by_text(TEXT("page.learn.differ"), exact=True)
    last.scroll_into_view_if_needed()
    expect(figure).to_be_in_viewport()
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_timeout(500)
    places = (page.locator("strong", has_text=TEXT("page.learn.predict")), figure, last)
    tops = [place.evaluate("place => place.getBoundingClientRect().top") for place in places]
    assert tops == sorted(tops)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("name", NAMES)
def test_no_formula_is_cut_off(page: Page, server: Server, name: str) -> None:
    for language in ("en", "ko"):
        page.set_viewport_size({"width": 1440, "height": 900})
        page.goto(f"{server.url}/{name.replace('_', '-')}?lang={language}")
        page.wait_for_selector(".rnnviz-plot .main-svg", timeout=60_000)
        wait_ready(page)
        for summary in page.locator("details:not([open]) > summary").all()[::-1]:
            summary.click()
        page.locator(".katex-display").first.wait_for()
        for width, height in ((1440, 900), (390, 844)):
            page.set_viewport_size({"width": width, "height": height})
            page.wait_for_timeout(300)
            assert page.evaluate(CUT_OFF) == [], f"{language}, {width} px"


def test_a_term_opens_its_place_in_the_glossary(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/vanishing?lang=ko")
    drawn(page)
    term = page.get_by_role("link", name=Text("ko")("term.gain.name"), exact=True).first
    assert Text("ko")("term.gain.means") in (term.get_attribute("title") or "")
    with page.context.expect_page() as opening:
        term.click()
    glossary = opening.value
    wait_ready(glossary)
    expect(glossary.locator("#gain")).to_be_in_viewport()


def test_one_arrow_lights_up_all_of_its_matrix_and_the_arrow_keys_step_through_the_network(
    page: Page, server: Server
) -> None:
    page.goto(f"{server.url}/vanilla-rnn?lang=en")
    page.wait_for_selector(".rnnviz-plot .main-svg", timeout=60_000)
    wait_ready(page)
    opacity = "document.querySelector('.rnnviz-plot .canvas')._fullData.map(curve => curve.opacity).join()"
    recurrent = page.locator(".rnnviz-plot .scatterlayer .trace").nth(1).locator(".lines path").first
    arrow = recurrent.bounding_box()
    assert arrow
    for x in (6, 8):  # a pointer that moves
        page.mouse.move(arrow["x"] + x, arrow["y"])
    page.wait_for_function(f"{opacity} === '0.15,1,0.15'")
    page.mouse.move(5, 5)
    page.wait_for_function(f"{opacity} === '1,1,1'")

    slider = page.get_by_role("slider", name=TEXT("parameter.at.label"))
    slider.focus()
    for step in (2, 3):
        slider.press("ArrowRight")
        page.wait_for_url(lambda url, step=step: f"unrolled.at={step}" in url)
    expect(page.get_by_text("Step 3:").first).to_be_visible()


def test_a_text_that_cannot_be_read_leaves_room_for_another(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/language-models?lang=ko&training_text=own_text&updates=50")
    drawn(page)
    upload, said = page.locator("input[type=file]"), page.get_by_test_id("stAlert")
    upload.set_input_files({"name": "zeros.txt", "mimeType": "text/plain", "buffer": bytes(400)})
    expect(said).to_contain_text(Text("ko")("error.title"), timeout=60_000)
    good = "강물은 흘러 바다로 가고 구름은 모여 비가 된다.\n" * 20
    upload.set_input_files({"name": "강물.txt", "mimeType": "text/plain", "buffer": good.encode()})
    expect(said).to_have_count(0, timeout=60_000)
    drawn(page)
    assert "<b>강</b>" in page.evaluate("document.querySelectorAll('.rnnviz-plot .canvas')[1].data[0].text")
