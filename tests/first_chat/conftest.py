"""A real Hearth, started by its command in an empty folder: the real Guide, the real engine, the real pages."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from openai import OpenAI

from tests.commands.hearth import PASSWORD, Hearth, served


@pytest.fixture(scope="package")
def hearth(tmp_path_factory: pytest.TempPathFactory) -> Hearth:
    """A Hearth on disk without any model but the Guide."""
    made = Hearth(tmp_path_factory.mktemp("household"))
    made.models.mkdir()
    return made


@pytest.fixture(scope="package")
def visitor(hearth: Hearth) -> Iterator[httpx.Client]:
    """A visitor to the running server; nobody has an account yet."""
    with served(hearth) as (_, visitor):
        yield visitor


@pytest.fixture(scope="package")
def address(visitor: httpx.Client) -> str:
    """Where the server is."""
    return str(visitor.base_url).rstrip("/")


@pytest.fixture(scope="package")
def client(hearth: Hearth, address: str) -> Iterator[OpenAI]:
    """OpenAI's SDK with a token that `hearth tokens create` made while the server was running."""
    added = hearth.run("users", "add", "Programmer", HEARTH_PASSWORD=PASSWORD)
    assert added.returncode == 0, added.stderr
    token = hearth.run("tokens", "create", "--user", "Programmer", "--name", "test").stdout.strip()
    with OpenAI(base_url=f"{address}/v1", api_key=token, max_retries=0) as made:
        yield made


@pytest.fixture(scope="package")
def screenshots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the browser test leaves its pictures."""
    return tmp_path_factory.mktemp("screenshots")
