"""What an installed wheel has: every file that the package reads, and no more than that."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[1]
NEEDED = ("pyproject.toml", "setup.py", "requirements.txt", "README.md", "LICENSE", "rnnviz", "assets")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of a copy of the sources, unpacked. Built without a network, and nothing is left in the checkout."""
    source, wheels, unpacked = (tmp_path_factory.mktemp(name) for name in ("source", "wheels", "unpacked"))
    for name in NEEDED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, source)
    build = "import sys; from setuptools.build_meta import build_wheel; build_wheel(sys.argv[1])"
    told = subprocess.run(
        [sys.executable, "-c", build, wheels], cwd=source, capture_output=True, text=True, check=False
    )
    assert told.returncode == 0, told.stdout + told.stderr
    (wheel,) = wheels.iterdir()
    ZipFile(wheel).extractall(unpacked)
    return unpacked


def names_in(folder: Path) -> set[str]:
    return {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}


def test_a_wheel_has_every_file_of_the_package(installed: Path) -> None:
    there = {name for name in names_in(ROOT / "rnnviz") if "__pycache__" not in name}
    assert there <= names_in(installed / "rnnviz")


def test_a_wheel_has_the_assets_but_the_pictures_of_the_readmes(installed: Path) -> None:
    expected = {name for name in names_in(ROOT / "assets") if not name.startswith("readme/")}
    assert "fonts/OFL-Pretendard.txt" in expected
    assert names_in(installed / "rnnviz/assets") == expected


def test_what_is_installed_finds_its_own_assets(installed: Path, tmp_path: Path) -> None:
    program = (
        "import rnnviz.shipped, rnnviz.export.fonts as fonts, rnnviz.demonstrations.one_unit as one_unit\n"
        "from rnnviz.engine.weights import Network\n"
        "print(rnnviz.shipped.assets(), sum(face.hangul for face in fonts.faces()))\n"
        "print(Network.from_file(one_unit.SHIPPED).experiment.cell.kind)"
    )
    told = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.stdout.split() == [str(installed / "rnnviz/assets"), "2", "lstm"], told.stderr
