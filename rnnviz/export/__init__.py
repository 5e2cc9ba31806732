"""Files to take along, one format a file: from a picture, trace or network to bytes. To add one: its file, its name here."""

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
from rnnviz.export.safetensors import SAFETENSORS
from rnnviz.export.svg import SVG
from rnnviz.export.words import JSON

FORMATS = (PNG, SVG, PDF, HTML, CSV, JSON, NETCDF, NOTEBOOK, PYTHON, SAFETENSORS)

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
