"""The fonts of the page, for a file that is opened where nobody has them."""

from __future__ import annotations

import base64
import re
import shutil
import subprocess
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from rnnviz.shipped import assets

HANGUL = "U+1100-11FF, U+3000-303F, U+3130-318F, U+AC00-D7A3, U+FF00-FFEF"
IN_HANGUL = re.compile("[\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3]")


class Face(NamedTuple):
    """One font file, and what it is for."""

    family: str
    weight: str
    file: Path
    hangul: bool

    def css(self) -> str:
        data = base64.b64encode(self.file.read_bytes()).decode()
        only = f"unicode-range: {HANGUL}; " if self.hangul else ""
        source = f'src: url("data:font/woff2;base64,{data}") format("woff2");'
        return f'@font-face {{ font-family: "{self.family}"; font-weight: {self.weight}; {only}{source} }}\n'


@cache
def faces() -> tuple[Face, ...]:
    """Those of the page's fonts that are here. Latin comes with Streamlit, found as a file and never imported."""
    streamlit = find_spec("streamlit")
    media = Path(streamlit.origin).parent / "static/static/media" if streamlit and streamlit.origin else Path()
    latin = [Face("Source Sans", "200 900", file, False) for file in media.glob("SourceSansVF-Upright.*.woff2")]
    hangul = [
        Face("Pretendard", weight, assets() / f"fonts/Pretendard-{name}.subset.woff2", True)
        for name, weight in (("Regular", "100 500"), ("SemiBold", "600 900"))
    ]
    return tuple(face for face in (*latin, *hangul) if face.file.is_file())


def css(words: str) -> str:
    """The rules that bring the fonts for these words along."""
    return "".join(face.css() for face in faces() if not face.hangul or IN_HANGUL.search(words))


def can_write_hangul() -> bool:
    """With our own font, or with one that this machine has."""
    if any(face.hangul for face in faces()):
        return True
    if shutil.which("fc-list") is None:  # macOS and Windows come with such a font
        return True
    return bool(subprocess.run(["fc-list", ":lang=ko"], capture_output=True, check=False).stdout.strip())
