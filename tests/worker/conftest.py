"""The tiny model in the form whose arithmetic does not depend on the company it has."""

from pathlib import Path

import pytest

from app.weights import quantize


@pytest.fixture(scope="session")
def tiny_q8_gguf(tiny_gguf: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny Llama in Q8_0. Shared: read it, do not change it."""
    output = tmp_path_factory.mktemp("gguf") / "tiny-llama-q8_0.gguf"
    quantize.quantize(tiny_gguf, output, "Q8_0", lambda _progress: None, 1)
    return output
