"""Pools for tests, and people who ask them."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

from app.engine.events import Delta, EngineEvent, Finished, GenerationRequest, ModelFile
from app.engine.pool import Pool
from app.settings import Settings
from app.worker.messages import Sampling

STUB = "tests.engine.stub_children:worker"
FINISHES, STAYS, NONSENSE, DIES = 0, 1, 8, 9


def stub_model(name: str = "good") -> ModelFile:
    """Its name tells the stub how to behave."""
    return ModelFile(name, Path(f"/{name}.gguf"), 64)


@asynccontextmanager
async def pool_of(target: str = STUB, **values: object) -> AsyncGenerator[Pool, None]:
    """A pool with these settings, ended afterwards."""
    pool = Pool(Settings.model_validate(values), lambda: 1, target)
    try:
        yield pool
    finally:
        await pool.close()


class Asked:
    """One request that runs by itself; its events as they come."""

    def __init__(self, pool: Pool, model: ModelFile, request: GenerationRequest) -> None:
        self.events: list[EngineEvent] = []
        self._news = asyncio.Event()
        self._generator = pool.generate(model, request)
        self.task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        try:
            async with aclosing(self._generator) as events:
                async for event in events:
                    self.events.append(event)
                    self._news.set()
        finally:
            self._news.set()

    async def until(self, kind: type[EngineEvent]) -> EngineEvent:
        """The first event of this kind, once it is there."""
        async with asyncio.timeout(30):
            while True:
                for event in self.events:
                    if isinstance(event, kind):
                        return event
                assert not self.task.done(), "it ended without such an event"
                self._news.clear()
                await self._news.wait()

    async def leave(self) -> None:
        """The one who asked goes away: the generator is closed."""
        self.task.cancel()
        await asyncio.wait({self.task}, timeout=30)

    async def end(self) -> Finished:
        """The last event, which is a `Finished`."""
        async with asyncio.timeout(60):
            await self.task
        last = self.events[-1]
        assert isinstance(last, Finished)
        return last

    @property
    def text(self) -> str:
        """All of the answer so far."""
        return "".join(event.text for event in self.events if isinstance(event, Delta))


def ask(pool: Pool, manner: int, person: str = "ann", model: ModelFile | None = None) -> Asked:
    """Ask a stub."""
    return Asked(pool, model or stub_model(), GenerationRequest(person, (manner,), 10))


def ask_greedily(
    pool: Pool, model: ModelFile, tokens: tuple[int, ...], max_tokens: int = 24, stop: tuple[str, ...] = ()
) -> Asked:
    """Ask a real model at temperature 0."""
    return Asked(pool, model, GenerationRequest("ann", tokens, max_tokens, Sampling(temperature=0), stop))
