"""PNG, at twice the size, which is sharp on a slide."""

from __future__ import annotations

import struct
import zlib

from rnnviz.export import provenance
from rnnviz.export.chromium import render
from rnnviz.export.format import Format
from rnnviz.export.picture import DemonstrationPicture, Drawn, Picture, Shown

SCALE = 2
HEADER = 8 + 25  # the signature and the chunk IHDR, after which text may stand


def png(picture: Shown | Drawn) -> bytes:
    drawn = render(picture.figure, picture.size, "png", SCALE)
    words = {
        "Title": picture.title,
        "Description": picture.reading,
        "Software": f"rnnviz {picture.provenance['version']}",
        "Source": provenance.in_one_line(picture.provenance),
    }
    return drawn[:HEADER] + b"".join(text_chunk(name, said) for name, said in words.items()) + drawn[HEADER:]


def text_chunk(name: str, words: str) -> bytes:
    """An iTXt chunk (PNG specification, 11.3.3.4): keyword, not compressed, no language, UTF-8."""
    body = b"iTXt" + name.encode() + b"\0\0\0\0\0" + words.encode()
    return struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))


PNG = Format("png", "image/png", (Picture, DemonstrationPicture, Drawn), png, by_browser=True)
