"""Files to take along: one format per file, (picture or trace) -> bytes. To add one: write its file, name it in FORMATS."""

from rnnviz.export.failure import CannotExport
from rnnviz.export.format import Format, check_ready, formats_of, write
from rnnviz.export.lines import PYTHON
from rnnviz.export.netcdf import NETCDF
from rnnviz.export.notebook import NOTEBOOK
from rnnviz.export.page import HTML
from rnnviz.export.pdf import PDF
from rnnviz.export.picture import DemonstrationPicture, Drawn, Picture, Pinned
from rnnviz.export.png import PNG
from rnnviz.export.points import CSV
from rnnviz.export.svg import SVG
from rnnviz.export.words import JSON

FORMATS = (PNG, SVG, PDF, HTML, CSV, JSON, NETCDF, NOTEBOOK, PYTHON)

__all__ = [
    "FORMATS",
    "CannotExport",
    "DemonstrationPicture",
    "Drawn",
    "Format",
    "Picture",
    "Pinned",
    "check_ready",
    "formats_of",
    "write",
]
