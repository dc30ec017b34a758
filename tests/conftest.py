"""What every test may ask for: the event loop's kind, and a tiny model made on the spot."""

import asyncio
import os
from pathlib import Path

import pytest

from app import hardware
from app.commands import parts
from app.engine.probe import ProbePlan
from app.engine.proven_backends import ProvenBackends
from app.weights import convert
from tests import tiny_model

# Tests share few cores with each other's processes. OpenMP's threads that spin while they wait would cost minutes.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


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


@pytest.fixture(scope="session")
def known_box(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder in which stands which ways to compute work on this box: to find out takes seconds. Shared: copy it
    to change it.
    """
    folder = tmp_path_factory.mktemp("known-box")
    asyncio.run(ProvenBackends(folder).find_out(ProbePlan(parts.guide_path(), hardware.cpu_budget().threads)))
    return folder
