"""SVG, with its fonts inside."""

from __future__ import annotations

from html import escape

from rnnviz.export import provenance
from rnnviz.export.chromium import render
from rnnviz.export.format import Format
from rnnviz.export.picture import DemonstrationPicture, Drawn, Picture, Shown

NAMESPACES = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:dc="http://purl.org/dc/elements/1.1/"'


def svg(picture: Shown | Drawn) -> bytes:
    drawn = render(picture.figure, picture.size, "svg").decode()
    head, _, rest = drawn.partition(">")
    return f"{head}>{about(picture)}{rest}".encode()


def about(picture: Shown | Drawn) -> str:
    """What a screen reader reads, and Dublin Core for programs."""
    record = picture.provenance
    facts = {
        "title": picture.title,
        "identifier": record["key"],
        "creator": f"rnnviz {record['version']}",
        "language": picture.language,
        "source": provenance.in_one_line(record),
    }
    facts_in_words = "".join(f"<dc:{name}>{escape(str(fact))}</dc:{name}>" for name, fact in facts.items())
    described = f'<rdf:RDF {NAMESPACES}><rdf:Description rdf:about="">{facts_in_words}</rdf:Description></rdf:RDF>'
    return (
        f"<title>{escape(picture.title)}</title><desc>{escape(picture.reading)}</desc><metadata>{described}</metadata>"
    )


SVG = Format("svg", "image/svg+xml", (Picture, DemonstrationPicture, Drawn), svg, by_browser=True)
