"""A figure saved as HTML, opened where there is no network."""

from pathlib import Path

from playwright.sync_api import Browser

from tests.export.test_export import curve_names, made, write


def test_html_opens_offline_asks_for_nothing_and_draws_every_curve(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "flow.html"
    write(file, made("html", "ko", True))
    page = browser.new_context(offline=True).new_page()
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(file.as_uri())
    page.wait_for_selector(".legendtext")
    shown = page.locator(".legendtext").all_text_contents()
    buttons = page.locator(".modebar-btn").evaluate_all("all => all.map(one => one.dataset.title)")
    page.context.close()
    assert [name.replace("<br>", " ") for name in shown] == curve_names("ko")
    assert [one for one in asked if not one.startswith(("file:", "data:", "blob:"))] == [] and complaints == []
    assert buttons and not [title for title in buttons if "hare" in (title or "") or "loud" in (title or "")]
