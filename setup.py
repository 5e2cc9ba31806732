"""What pyproject.toml cannot say: the wheel carries `assets/`, which stands beside the package, as `rnnviz/assets`."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ASSETS = Path("assets")
ONLY_HERE = "readme"  # the pictures of the READMEs


class BuildWithAssets(build_py):
    """An editable install copies nothing: the package finds the folder of the checkout."""

    def run(self):
        super().run()
        if not self.editable_mode:
            target = Path(self.build_lib, "rnnviz", "assets")
            shutil.copytree(ASSETS, target, ignore=shutil.ignore_patterns(ONLY_HERE), dirs_exist_ok=True)

    def get_source_files(self):
        """A wheel can be built from the source archive too."""
        files = [file for file in ASSETS.rglob("*") if file.is_file() and file.parent.name != ONLY_HERE]
        return [*super().get_source_files(), *map(str, files)]


setup(cmdclass={"build_py": BuildWithAssets})
