"""Every format opens, is what it says, and says what it was computed for. Without a real Chromium its tests fail."""

from __future__ import annotations

import base64
import io
import json
import os
import re
import shutil
import struct
import zlib
from functools import cache
from xml.etree import ElementTree

import numpy as np
import orjson
import pandas as pd
import psutil
import pytest
import xarray as xr

import rnnviz
from rnnviz.api import results_of, run
from rnnviz.engine.weights import Network
from rnnviz.experiment import Experiment, Study, comparison
from rnnviz.export import (
    FORMATS,
    CannotExport,
    Drawn,
    Format,
    Picture,
    Pinned,
    check_ready,
    chromium,
    fonts,
    formats_of,
    write,
)
from rnnviz.export.pdf import informed
from rnnviz.export.points import harmless
from rnnviz.figures import GradientFlow, Look
from rnnviz.figures.cursor import with_cursor
from rnnviz.text import LANGUAGES, Text
from rnnviz.trace import Trace

BASE = Experiment.from_flat({"cell.hidden_size": 3, "task.sequence_length": 40, "batch_size": 4})
EXPLODING = Experiment.from_flat(
    {
        "task": "noise", "task.sequence_length": 200, "cell.hidden_size": 4, "cell.activation": "relu", "batch_size": 4,
        "initializer": "gaussian", "initializer.scale.gain": 4.0, "seed": 3,
    }
)  # fmt: skip
every_language = pytest.mark.parametrize("language", LANGUAGES)


@cache
def picture(language: str = "en", dark: bool = False, view: GradientFlow = GradientFlow()) -> Picture:  # noqa: B008
    study = comparison(BASE)
    return Picture(view, study, results_of(study, view.needs), Text(language), Look(dark))


@cache
def made(name: str, language: str = "en", dark: bool = False) -> bytes:
    return {one.name: one for one in FORMATS}[name].make(picture(language, dark))


def curve_names(language: str) -> list[str]:
    return [trace["name"] for trace in picture(language).figure["data"] if trace.get("showlegend")]


def test_names_are_given_once_and_say_what_they_take():
    assert len({one.name for one in FORMATS}) == len(FORMATS)
    assert set(formats_of(Picture, FORMATS)) == {"png", "svg", "pdf", "html", "csv", "json", "ipynb", "py"}
    assert set(formats_of(Drawn, FORMATS)) == {"png", "svg", "pdf", "html"}
    assert set(formats_of(Trace, FORMATS)) == {"json", "nc"}
    assert set(formats_of(Network, FORMATS)) == {"safetensors"}


def test_every_file_of_the_folder_with_a_format_is_in_the_list():
    import importlib
    import pkgutil

    import rnnviz.export as home

    modules = [
        importlib.import_module(f"{home.__name__}.{found.name}") for found in pkgutil.iter_modules(home.__path__)
    ]
    found = [one for module in modules for one in vars(module).values() if isinstance(one, Format)]
    assert {one.name for one in found} == {one.name for one in FORMATS}


# — pictures —


def chunks(png: bytes) -> list[tuple[bytes, bytes]]:
    """Kind and body of every chunk, each with its checksum checked."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    found, at = [], 8
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        kind, body = png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        assert struct.unpack(">I", png[at + 8 + length : at + 12 + length])[0] == zlib.crc32(kind + body)
        found.append((kind, body))
        at += 12 + length
    return found


@every_language
def test_png_has_twice_the_size_and_says_where_it_comes_from(language):
    found = chunks(made("png", language))
    assert found[0][0] == b"IHDR" and found[-1][0] == b"IEND"
    assert struct.unpack(">II", found[0][1][:8]) == (2 * 1200, 2 * 675)
    words = dict(body.split(b"\0\0\0\0\0") for kind, body in found if kind == b"iTXt")
    assert words[b"Title"].decode() == picture(language).title
    assert json.loads(words[b"Source"]) == picture(language).provenance


def test_a_dark_picture_is_on_the_pages_dark_ground():
    """Pillow comes with Streamlit; it is somebody else's reader of PNG besides."""
    from PIL import Image

    dark, light = (Image.open(io.BytesIO(made("png", dark=d))).convert("RGB") for d in (True, False))
    assert dark.getpixel((3, 3)) == tuple(bytes.fromhex(Look(True).paper[1:])) and light.getpixel((3, 3)) == (255,) * 3
    lstm = bytes.fromhex(Look(True).colour("lstm")[1:])
    assert (np.asarray(dark) == list(lstm)).all(-1).any()


@every_language
def test_svg_is_xml_with_the_curves_by_name_and_its_fonts_inside(language):
    root = ElementTree.fromstring(made("svg", language))
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    words = " ".join(root.itertext())
    names = curve_names(language)
    assert len(names) == 9 and all(name in words for name in names)
    fact = {part.tag.rpartition("}")[2]: part.text for part in root.iter() if "dc/elements" in part.tag}
    assert fact["title"] == picture(language).title and fact["language"] == language
    assert json.loads(fact["source"]) == picture(language).provenance
    families = re.findall(r'@font-face \{ font-family: "?([^;"]+)', made("svg", language).decode())
    assert set(families) == ({"Source Sans"} if language == "en" else {"Source Sans", "Pretendard"})
    assert not re.search(r"""(href|src|url)\s*[=(]\s*["']?(http|file)""", made("svg", language).decode())


def unpacked(pdf: bytes) -> bytes:
    """All streams of a PDF, those that are compressed unpacked."""
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL)
    return b"\n".join(zlib.decompressobj().decompress(one) if one[:1] == b"\x78" else one for one in streams)


@every_language
def test_pdf_is_made_of_vectors_and_text_with_fonts_inside(language):
    pdf = made("pdf", language)
    assert pdf.startswith(b"%PDF-") and pdf.endswith(b"%%EOF\n")
    drawing = unpacked(pdf)
    assert drawing.count(b"BT") > 20 and drawing.count(b" l\n") > 100, "text and lines, not a picture of them"
    assert b"/Subtype /Image" not in pdf
    assert b"SourceSans" in pdf and (b"Pretendard" in pdf) == (language == "ko")
    width, height = map(float, re.search(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf).groups())
    assert (width, height) == pytest.approx((1200 * 0.75, 675 * 0.75), abs=1)
    assert len(re.findall(rb"/Type /Page\b", pdf)) == 1


def test_a_pdf_knows_its_title_and_its_words():
    pdf = made("pdf", "ko")
    start = int(re.findall(rb"startxref\s+(\d+)", pdf)[-1])
    assert pdf[start:].startswith(b"xref\n")
    number, count, offset = map(int, re.match(rb"xref\n(\d+) (\d+)\n(\d{10}) 00000 n", pdf[start:]).groups())
    assert count == 1 and pdf[offset:].startswith(b"%d 0 obj" % number)
    words = dict(re.findall(rb"/(\w+) <([0-9a-f]+)>", pdf[offset:start]))
    said = {name.decode(): bytes.fromhex(text.decode()).decode("utf-16") for name, text in words.items()}
    assert said["Title"] == picture("ko").title and said["Creator"] == f"rnnviz {rnnviz.__version__}"
    assert json.loads(said["Keywords"]) == picture("ko").provenance
    previous = int(re.findall(rb"/Prev (\d+)", pdf)[-1])
    assert pdf[previous:].startswith(b"xref")


def test_a_pdf_without_a_table_is_refused():
    with pytest.raises(CannotExport, match="no cross-reference table"):
        informed(b"%PDF-1.7\n", {})


# — the page that stands alone —


def test_html_names_no_address_to_load_and_holds_plotly_once():
    page = made("html").decode()
    shell = re.sub(r"<script>/\*\*.*?</script>|<style>.*?</style>", "", page, flags=re.DOTALL)
    assert not re.search(r"""<(script|link|img|iframe)[^>]+(src|href)=""", page)
    assert page.count("plotly.js v") == 1 and "sendChartToCloud" in shell
    held = re.search(r'id="provenance">(.*?)</script>', page)[1]
    assert json.loads(held) == picture().provenance


@every_language
def test_html_draws_the_very_figure_with_its_shadow(language):
    """What stands on the page is what goes into the file; so does a figure that the page has drawn already."""
    study, before = comparison(BASE), comparison(BASE.changed({"seed": 1}))
    view = GradientFlow(quantity="jacobian", axis="linear")
    pinned = Pinned(before, results_of(before, view.needs))
    shown = Picture(view, study, results_of(study, view.needs), Text(language), Look(True), pinned)
    page = formats_of(Picture, FORMATS)["html"].make(shown).decode()
    on_page = json.loads(orjson.dumps(shown.figure, option=orjson.OPT_SERIALIZE_NUMPY))
    assert json.loads(re.search(r"^const figure = (.*)$", page, re.MULTILINE)[1]) == on_page
    assert shown.drawn.as_json()["figure"] == on_page and Drawn.from_json(shown.drawn.as_json()).size == shown.size
    assert sum(Text(language)("figure.pinned", curve="") in str(curve.get("name")) for curve in on_page["data"]) == 9
    at = Picture(view, study, shown.results, Text(language), Look(True), time=3)
    assert at.drawn.figure == with_cursor(view(shown.results, at.text, at.look), shown.results, 3, at.text, at.look)
    assert at.figure["layout"]["shapes"] and at.provenance["time"] == 3
    assert shown.provenance["pinned"] == before.flat() and shown.provenance["dark"] is True


def test_words_cannot_end_the_script_they_stand_in():
    from rnnviz.export.page import in_script

    assert "<" not in in_script({"name": "</script><script>alert(1)"})
    assert json.loads(in_script({"name": "</script>"})) == {"name": "</script>"}


# — numbers —


@pytest.mark.parametrize("quantity", ["gradient", "jacobian"])
def test_csv_is_the_data_of_the_figure(quantity):
    shown = picture(view=GradientFlow(quantity=quantity))
    back = pd.read_csv(io.BytesIO(formats_of(Picture, FORMATS)["csv"].make(shown)))
    expected = shown.view.data(shown.results)
    assert list(back) == list(expected) and len(back) == len(expected)
    for name in expected:
        if pd.api.types.is_numeric_dtype(expected[name]):
            np.testing.assert_array_equal(back[name].to_numpy().astype(expected[name].dtype), expected[name], name)
        else:
            assert back[name].tolist() == expected[name].tolist()


def test_csv_holds_pinned_curves_too_and_says_which_they_are():
    before = comparison(BASE.changed({"seed": 1}))
    pinned = Pinned(before, results_of(before, GradientFlow().needs))
    shown = Picture(GradientFlow(), picture().study, picture().results, pinned=pinned)
    back = pd.read_csv(io.BytesIO(formats_of(Picture, FORMATS)["csv"].make(shown)))
    of = {behind: rows.drop(columns="pinned") for behind, rows in back.groupby("pinned")}
    for behind, results in ((False, shown.results), (True, pinned.results)):
        expected = shown.view.data(results)
        np.testing.assert_array_equal(of[behind].log10_norm.to_numpy(), expected.log10_norm.to_numpy())


def test_csv_holds_nothing_that_a_spreadsheet_would_execute():
    data = pd.DataFrame({"=cell": ["=1+1", "+1", "-1", "@x", "\t=1", "plain"], "number": [-1.5, -2, 0, 1, 2, 3]})
    safe = harmless(data)
    assert safe["'=cell"].tolist() == ["'=1+1", "'+1", "'-1", "'@x", "'\t=1", "plain"]
    assert safe.number.tolist() == data.number.tolist()


def test_json_makes_the_same_study_again():
    record = json.loads(made("json", "ko"))
    again = Study.from_flat(record["study"])
    assert again.key == record["key"] == picture().study.key
    assert GradientFlow.from_flat(record["view"]) == picture().view and record["version"] == rnnviz.__version__


@pytest.mark.parametrize("experiment", [BASE.changed({"cell": "lstm"}), EXPLODING], ids=["completed", "diverged"])
def test_netcdf_opens_again_as_the_same_trace(experiment, tmp_path):
    trace = run(experiment)
    file = tmp_path / "run.nc"
    write(file, formats_of(Trace, FORMATS)["nc"].make(trace))
    with xr.open_dataset(file, engine="h5netcdf") as opened:
        xr.testing.assert_equal(opened.load(), trace.data)
        for name, variable in trace.data.items():
            assert {key: opened[name].attrs[key] for key in variable.attrs} == variable.attrs
        assert opened.attrs["key"] == experiment.key and opened.attrs["version"] == rnnviz.__version__
        assert opened.attrs["outcome"] == trace.outcome.state and opened.attrs["overflow_time"] == trace.outcome.time
        assert Experiment.from_flat(json.loads(opened.attrs["experiment"])) == experiment
    assert trace.outcome.state == ("diverged" if experiment is EXPLODING else "completed")


# — what may go wrong —


def test_a_file_is_whole_or_the_old_one(tmp_path, monkeypatch):
    file = tmp_path / "flow.csv"
    write(file, b"old")
    monkeypatch.setattr(os, "fsync", lambda handle: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(CannotExport, match="No space left on device"):
        write(file, b"new and longer")
    assert file.read_bytes() == b"old" and [one.name for one in tmp_path.iterdir()] == ["flow.csv"]


@pytest.mark.parametrize("place", ["", "none/flow.csv"], ids=["folder", "nowhere"])
def test_a_place_that_cannot_be_written_is_refused_before_the_work(place, tmp_path):
    with pytest.raises(CannotExport, match="not_written"):
        check_ready(tmp_path / place, formats_of(Picture, FORMATS)["csv"], Text())


def test_without_a_browser_pictures_are_refused_and_the_rest_is_made(monkeypatch, tmp_path):
    monkeypatch.setenv("RNNVIZ_CHROMIUM", "/no/such/browser")
    for one in FORMATS:
        if one.by_browser:
            with pytest.raises(CannotExport, match="no_browser"):
                check_ready(tmp_path / "file", one, Text())
        else:
            check_ready(tmp_path / "file", one, Text())


def test_a_browser_that_does_not_start_is_an_error_and_no_endless_wait(monkeypatch):
    monkeypatch.setattr(chromium, "_server", None)
    monkeypatch.setenv("RNNVIZ_CHROMIUM", shutil.which("false") or "false")
    with pytest.raises(CannotExport, match="browser_failed"):
        chromium.render(picture().figure, (300, 200), "svg")
    monkeypatch.setattr(chromium, "_server", None)


def chromium_process():
    return next(one for one in psutil.Process().children(recursive=True) if "chrom" in one.name())


def test_a_browser_that_was_killed_is_replaced_by_a_fresh_one():
    def drawn() -> list[str]:
        svg = chromium.render(picture().figure, (300, 200), "svg")
        return [words for words in ElementTree.fromstring(svg).itertext() if words.strip()]

    first = drawn()
    chromium_process().kill()
    assert drawn() == first and first


def test_a_browser_that_nobody_needs_is_let_go():
    chromium.render(picture().figure, (300, 200), "svg")
    old = chromium_process()
    chromium.rest_in(0.0)
    old.wait(20)
    assert chromium.render(picture().figure, (300, 200), "svg") and chromium_process().pid != old.pid


def test_korean_needs_a_font(monkeypatch):
    monkeypatch.setattr(fonts, "can_write_hangul", lambda: False)
    with pytest.raises(CannotExport, match="no_korean_font"):
        chromium.check_browser("ko")
    chromium.check_browser("en")


def test_the_pages_fonts_are_found():
    assert {face.family for face in fonts.faces()} == {"Source Sans", "Pretendard"}
    assert base64.b64decode(re.search('base64,([^"]+)', fonts.css("x"))[1])[:4] == b"wOF2"


@every_language
def test_every_reason_has_words(language):
    from typing import get_args

    from rnnviz.export.failure import Reason

    assert all(f"export.error.{reason}" in Text(language) for reason in get_args(Reason))
