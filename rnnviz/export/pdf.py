"""PDF: vectors, with text that can be searched and copied, fonts inside."""

from __future__ import annotations

import re

from rnnviz.export import provenance
from rnnviz.export.chromium import render
from rnnviz.export.failure import CannotExport
from rnnviz.export.format import Format
from rnnviz.export.picture import DemonstrationPicture, Drawn, Picture, Shown


def pdf(picture: Shown | Drawn) -> bytes:
    words = {
        "Title": picture.title,
        "Subject": picture.reading,
        "Keywords": provenance.in_one_line(picture.provenance),
        "Creator": f"rnnviz {picture.provenance['version']}",
    }
    return informed(render(picture.figure, picture.size, "pdf"), words)


def informed(drawn: bytes, words: dict[str, str]) -> bytes:
    """The document with another information dictionary, added at its end (ISO 32000-1, 7.5.6: incremental update)."""
    trailers = re.findall(rb"trailer\s*<<(.*?)>>\s*startxref\s*(\d+)", drawn, re.DOTALL)
    if not trailers:
        raise CannotExport("browser_failed", browser="PDF", cause="no cross-reference table")
    trailer, previous = trailers[-1]
    size, root = re.search(rb"/Size\s+(\d+)", trailer), re.search(rb"/Root\s+\d+\s+\d+\s+R", trailer)
    if size is None or root is None:
        raise CannotExport("browser_failed", browser="PDF", cause="no root")
    number = int(size[1])
    facts = b"".join(b"/%s <%s>\n" % (name.encode(), hexadecimal(said)) for name, said in words.items())
    drawn = drawn if drawn.endswith(b"\n") else drawn + b"\n"
    added = b"%d 0 obj\n<<\n%s>>\nendobj\n" % (number, facts)
    table = b"xref\n%d 1\n%010d 00000 n \n" % (number, len(drawn))
    end = b"trailer\n<</Size %d\n%s\n/Info %d 0 R\n/Prev %s>>\n" % (number + 1, root[0], number, previous)
    return drawn + added + table + end + b"startxref\n%d\n%%%%EOF\n" % (len(drawn) + len(added))


def hexadecimal(words: str) -> bytes:
    """A text string in UTF-16 with its byte order mark, which holds every language."""
    return (b"\xfe\xff" + words.encode("utf-16-be")).hex().encode()


PDF = Format("pdf", "application/pdf", (Picture, DemonstrationPicture, Drawn), pdf, by_browser=True)
