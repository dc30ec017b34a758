"""How many renderers stay: real processes, and a stub in place of llama.cpp."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from app.engine.events import ModelFile
from app.engine.renderers import Renderers
from tests.engine.party import stub_model

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def stub_renderers() -> AsyncGenerator[Renderers, None]:
    """Ended afterwards."""
    renderers = Renderers("tests.engine.stub_children:renderer")
    try:
        yield renderers
    finally:
        await renderers.close()


async def test_least_recently_used_renderer_is_ended_for_a_third() -> None:
    async with stub_renderers() as renderers:
        for name in ("one", "two", "one", "three"):
            assert await renderers.count(stub_model(name), "hi") == 2
        assert sorted(renderers.live()) == ["one", "three"]


async def test_three_that_are_asked_at_once_all_answer_and_two_stay() -> None:
    async with stub_renderers() as renderers:
        models = [stub_model(name) for name in ("one", "two", "three")]
        assert await asyncio.gather(*(renderers.count(model, "hi") for model in models)) == [2, 2, 2]
        assert len(renderers.live()) == 2


async def test_renderer_that_was_ended_is_started_again() -> None:
    async with stub_renderers() as renderers:
        for name in ("one", "two", "three", "one"):
            assert (await renderers.render(stub_model(name), [])).tokens == (0,)
        assert sorted(renderers.live()) == ["one", "three"]


async def test_replaced_file_is_opened_anew_and_a_deleted_one_serves_on(tmp_path: Path) -> None:
    path = tmp_path / "births.gguf"
    model = ModelFile("births", path, 64)
    renderers = Renderers("tests.engine.stub_children:mortal_renderer")
    try:
        path.write_text("")
        for _ in range(2):
            await renderers.count(model, "hi")
        # Each life of this stub leaves an "x" in the file, so that the file is another now.
        assert path.read_text() == "xx"
        path.unlink()
        assert await renderers.count(model, "hi") == 2
        assert not path.exists()
    finally:
        await renderers.close()


async def test_texts_are_tokenized_as_whole_inputs() -> None:
    async with stub_renderers() as renderers:
        assert await renderers.tokenize(stub_model(), ["ab", ""]) == [[97, 98], []]
