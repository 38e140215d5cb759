"""Puts the messages of proto/, with their stubs, into the package: they are in no other place."""

import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from setuptools import setup
from setuptools.command.build_py import build_py

sys.path.insert(0, str(Path(__file__).resolve().parent))

from generate import PACKAGE, generate


class WithMessages(build_py):  # type: ignore[misc]  # setuptools has no types
    def run(self) -> None:
        super().run()
        with TemporaryDirectory() as folder:
            generate(Path(folder))
            made = Path(folder) / PACKAGE
            shutil.copytree(made, Path(self.build_lib) / PACKAGE, dirs_exist_ok=True)


setup(cmdclass={"build_py": WithMessages})
