"""A Hearth to ask, as an application or behind a real server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api import house
from tests.api.house import House, Served


@pytest.fixture
def hearth(tmp_path: Path, tiny_gguf: Path) -> Iterator[House]:
    """A Hearth with one model and no account."""
    built = house.build(tmp_path, tiny_gguf)
    yield built
    built.parts.database.close()


@pytest.fixture
def served(hearth: House) -> Iterator[Served]:
    """The same behind a real server."""
    with house.serve(hearth) as running:
        yield running
