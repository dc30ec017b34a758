"""A Hearth on disk with models of the same weights, so that each person has a worker of their own, and one running."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.weights import quantize
from tests.commands.hearth import PASSWORD, Hearth
from tests.faults import site
from tests.faults.site import Site


@pytest.fixture(scope="session")
def tiny_q8(tiny_gguf: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model in Q8_0, whose products are exact: the same text whatever the batch."""
    output = tmp_path_factory.mktemp("faults") / "tiny-q8.gguf"
    quantize.quantize(tiny_gguf, output, "Q8_0", lambda _progress: None, 1)
    return output


@pytest.fixture(scope="package")
def household(tiny_q8: Path, tmp_path_factory: pytest.TempPathFactory) -> Hearth:
    """Ann and Ben, and the models `tiny` and `other`, before anything was said. Shared: copy it."""
    made = Hearth(tmp_path_factory.mktemp("household"))
    made.models.mkdir()
    for name in ("tiny", "other"):
        shutil.copy(tiny_q8, made.models / f"{name}.gguf")
    for name in ("Ann", "Ben"):
        made.run("users", "add", name, HEARTH_PASSWORD=PASSWORD)
    return made


@pytest.fixture
def hearth(household: Hearth, tmp_path: Path) -> Hearth:
    """A Hearth of the test's own."""
    return Hearth(shutil.copytree(household.folder, tmp_path / "hearth"))


@pytest.fixture(scope="package")
def running(household: Hearth, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A running Hearth that all tests share which do harm to models of their own only; see `open_site`."""
    with site.opened(Hearth(shutil.copytree(household.folder, tmp_path_factory.mktemp("running") / "hearth"))) as made:
        yield made


@pytest.fixture
def open_site(running: Site) -> Site:
    """The shared one, with new chats of both people."""
    return running.anew()
