"""How many renderers stay: real processes, and a stub in place of llama.cpp."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

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
            assert await renderers.render(stub_model(name), []) == (0,)
        assert sorted(renderers.live()) == ["one", "three"]
