"""Files to take along: one format per file, (picture or trace) -> bytes. To add one: write its file, name it in FORMATS."""

from rnnviz.export.failure import CannotExport
from rnnviz.export.format import Format, check_ready, formats_of, write
from rnnviz.export.netcdf import NETCDF
from rnnviz.export.page import HTML
from rnnviz.export.pdf import PDF
from rnnviz.export.picture import Picture
from rnnviz.export.png import PNG
from rnnviz.export.points import CSV
from rnnviz.export.svg import SVG
from rnnviz.export.words import JSON

FORMATS = (PNG, SVG, PDF, HTML, CSV, JSON, NETCDF)

__all__ = ["FORMATS", "CannotExport", "Format", "Picture", "check_ready", "formats_of", "write"]
