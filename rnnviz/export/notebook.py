"""A Jupyter notebook that computes the study and draws the figure again. It installs nothing and holds no output."""

from __future__ import annotations

import json
from typing import Any

from rnnviz.export.format import Format
from rnnviz.export.lines import lines
from rnnviz.export.picture import DemonstrationPicture, Picture

KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}


def notebook(picture: Picture | DemonstrationPicture) -> bytes:
    """Format 4.5 of nbformat, in which every cell has a name of its own."""
    text, parts = picture.text, lines(picture)
    said = [f"# {picture.title}", picture.reading, text("taking.notebook", version=picture.provenance["version"])]
    cells = [
        cell("about", "markdown", "\n\n".join(said)),
        cell("study", "code", parts.study),
        cell("reading", "code", parts.reading),
        cell("figure", "code", f"{parts.figure}\nfigure"),
    ]
    metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}, "rnnviz": picture.provenance}
    whole = {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells}
    return (json.dumps(whole, ensure_ascii=False, allow_nan=False, indent=1) + "\n").encode()


def cell(name: str, kind: str, source: str) -> dict[str, Any]:
    run: dict[str, Any] = {"execution_count": None, "outputs": []} if kind == "code" else {}
    return {"id": name, "cell_type": kind, "metadata": {}, "source": source.splitlines(keepends=True), **run}


NOTEBOOK = Format("ipynb", "application/x-ipynb+json", (Picture, DemonstrationPicture), notebook)
