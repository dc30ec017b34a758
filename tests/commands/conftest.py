"""A Hearth on disk for each test of the command line."""

import shutil
from pathlib import Path

import pytest

from tests.commands.hearth import Hearth


@pytest.fixture
def hearth(tmp_path: Path, tiny_gguf: Path) -> Hearth:
    """A Hearth with one small model, `tiny`."""
    made = Hearth(tmp_path)
    made.models.mkdir()
    shutil.copy(tiny_gguf, made.models / "tiny.gguf")
    return made
