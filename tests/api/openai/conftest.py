"""One running Hearth for all tests of the stateless routes, whose engine begins anew with each."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api import house
from tests.api.house import Served


@pytest.fixture(scope="package")
def shared(tmp_path_factory: pytest.TempPathFactory, tiny_gguf: Path) -> Iterator[Served]:
    """The server that they share."""
    built = house.build(tmp_path_factory.mktemp("openai"), tiny_gguf)
    with house.serve(built) as running:
        yield running
    built.parts.database.close()


@pytest.fixture
def served(shared: Served) -> Served:
    """The same with an engine that nobody has asked anything."""
    shared.house.engine.begin_anew()
    return shared
