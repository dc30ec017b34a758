"""Thousands of changed files: each is refused by our reader or by llama.cpp, or works. The worker is a real process.

What crashes the worker costs the site nothing (tests/faults), but somebody waits for it in vain: so (nearly) none may.
"""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.child import ChildProcess
from app.errors import BadFile
from app.weights.gguf_file import read_header
from app.worker import messages
from tests.weights import gguf_mutations

WAIT_SECONDS = 60


def test_the_reader_survives_three_hundred_changed_files(tiny_gguf: Path, tmp_path: Path) -> None:
    parts = gguf_mutations.take_apart(tiny_gguf)
    assert parts.joined() == tiny_gguf.read_bytes()
    endings = Counter(read(tmp_path, *gguf_mutations.mutated(parts, seed)) for seed in range(10_000, 10_300))
    assert endings["refused"] > 60
    assert endings["read"] > 60


def test_the_worker_survives_changed_files(tiny_gguf: Path, tmp_path: Path) -> None:
    deaths = died(tiny_gguf, tmp_path, range(20_000, 20_030))
    assert deaths == []


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_the_worker_survives_two_thousand_changed_files(tiny_gguf: Path, tmp_path: Path) -> None:
    deaths = died(tiny_gguf, tmp_path, range(2000))
    assert len(deaths) <= 2, deaths


def died(source: Path, folder: Path, seeds: range) -> list[str]:
    """The changes with which a worker died or hung."""
    parts = gguf_mutations.take_apart(source)

    def ending(seed: int) -> str:
        what, data = gguf_mutations.mutated(parts, seed)
        path = folder / f"{seed}.gguf"
        path.write_bytes(data)
        try:
            read_header(path)
            return "" if (found := worked_with(path)) in ("refused", "works") else f"{what}: {found}"
        except BadFile:
            return ""
        finally:
            path.unlink()

    with ThreadPoolExecutor(2) as pool:
        return [ending for ending in pool.map(ending, seeds) if ending]


def read(folder: Path, _what: str, data: bytes) -> str:
    """What our reader says; anything but a refusal is an error of ours."""
    path = folder / "changed.gguf"
    path.write_bytes(data)
    try:
        read_header(path)
    except BadFile:
        return "refused"
    return "read"


def worked_with(path: Path) -> str:
    """How it ends when a worker loads the file and writes a few tokens."""
    child = ChildProcess("app.worker.main:run", "worker")
    child.start()
    try:
        load = messages.Load(path=str(path), context_tokens=256, slots=1, batch_tokens=64, threads=1)
        generate = messages.Generate(request="r", tokens=[1, 2, 3, 4, 5], max_tokens=4)
        child.pipe.send(messages.write(load), messages.write(generate))
        while (frame := child.pipe.receive(WAIT_SECONDS)) is not None:
            match messages.read_from_worker(frame):
                case messages.LoadFailed():
                    return "refused"
                case messages.Finished() | messages.Failed():
                    return "works"
        return "hung"
    except EOFError:
        return f"died {child.close()}"
    finally:
        child.close()
