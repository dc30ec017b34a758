"""What every test may ask for: the event loop's kind, and a tiny model made on the spot."""

from pathlib import Path

import pytest

from app.weights import convert
from tests import tiny_model


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Async tests run on asyncio, as the server does."""
    return "asyncio"


@pytest.fixture(scope="session")
def tiny_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Hugging Face folder of a small Llama with random weights. Shared: read it, do not change it."""
    return tiny_model.write_checkpoint(tmp_path_factory.mktemp("checkpoint") / "Tiny-Llama")


@pytest.fixture(scope="session")
def tiny_gguf(tiny_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same model as an F16 GGUF file, from our own converter. Shared: read it, do not change it."""
    output = tmp_path_factory.mktemp("gguf") / "tiny-llama-f16.gguf"
    convert.convert(tiny_checkpoint, output, "f16", lambda _progress: None)
    return output
