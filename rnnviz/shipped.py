"""Where the files lie that come with the package and are no part of its code: fonts, a trained network, the logo."""

from pathlib import Path


def assets() -> Path:
    """`assets/` of the checkout, or `rnnviz/assets`, as which an installed wheel has it (setup.py)."""
    installed = Path(__file__).parent / "assets"
    return installed if installed.is_dir() else installed.parents[1] / "assets"
