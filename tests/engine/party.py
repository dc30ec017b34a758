"""Pools for tests, and people who ask them."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from app.engine.backends import Backends, BuiltIn
from app.engine.box import Box, main_bytes
from app.engine.children import Children
from app.engine.events import Delta, EngineEvent, Finished, GenerationRequest, ModelFile, Queued
from app.engine.memory_plan import LoadPlan, Planner, Stamp
from app.engine.pool import Pool
from app.engine.renderer import RENDERER_TARGET
from app.engine.residents import SPARE_BYTES
from app.errors import TooLarge
from app.settings import Settings
from app.worker.messages import Sampling
from tests.engine.stub_children import Told

STUB = "tests.engine.stub_children:worker"
FINISHES, STAYS, TELLS, NONSENSE, DIES = 0, 1, 2, 8, 9


def stub_model(name: str = "good") -> ModelFile:
    """Its name tells the stub how to behave."""
    return ModelFile(name, Path(f"/{name}.gguf"), 64)


GIB = 1024**3


@dataclass
class Scales:
    """A planner without files: every model takes `gib`, or what is told for its name, and shrinks to half of that."""

    gib: float = 0.0
    sizes: dict[str, float] = field(default_factory=dict)
    stamps: dict[str, Stamp | None] = field(default_factory=dict)

    async def read(self, model: ModelFile) -> Stamp | None:
        return self.stamps.get(model.name, ())

    def plan(self, model: ModelFile, room_bytes: int, is_embedding: bool) -> LoadPlan:
        takes = int(self.sizes.get(model.name, self.gib) * GIB)
        context_tokens = model.options.context_tokens or model.context_tokens
        if takes <= room_bytes:
            return LoadPlan(context_tokens, 1 if is_embedding else self.slots, takes, num_layers=self.num_layers)
        if takes // 2 > room_bytes:
            raise TooLarge("model_too_large", model=model.name, needs="much", available="little", quantization="Q4_0")
        return LoadPlan(context_tokens // 2, self.slots, takes // 2, is_whole=False)

    slots: int = 4
    num_layers: int = 0


@asynccontextmanager
async def pool_of(
    target: str = STUB,
    *,
    planner: Planner | None = None,
    room_gib: float | None = None,
    backends: Backends | None = None,
    count_threads: Callable[[], int] = lambda: 1,
    gpu_gib: float = 0.0,
    renderer_target: str = RENDERER_TARGET,
    **values: object,
) -> AsyncGenerator[Pool, None]:
    """A pool with these settings, ended afterwards. A stub's models have no files; `room_gib` is all the memory."""
    settings = Settings.model_validate(values)
    if planner is None and target == STUB:
        planner = Scales(slots=settings.slots)
    room = main_bytes if room_gib is None else lambda: SPARE_BYTES + int(room_gib * GIB)
    box = Box(count_threads, backends or BuiltIn(), room, lambda: int(gpu_gib * GIB))
    pool = Pool(settings, box, Children(target, renderer_target), planner)
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
                await self.news()

    async def news(self) -> None:
        """Until there is another event, or the end."""
        self._news.clear()
        async with asyncio.timeout(30):
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


def ask(
    pool: Pool, manner: int, person: str = "ann", model: ModelFile | None = None, is_background: bool = False
) -> Asked:
    """Ask a stub."""
    request = GenerationRequest(person, (manner,), 10, is_background=is_background)
    return Asked(pool, model or stub_model(), request)


async def told(pool: Pool, model: ModelFile, request: GenerationRequest | None = None) -> Told:
    """What a stub was told to load, and to generate."""
    asked = Asked(pool, model, request or GenerationRequest("ann", (TELLS,), 10))
    await asked.end()
    return msgspec.json.decode(asked.text, type=Told)


def ask_greedily(
    pool: Pool, model: ModelFile, tokens: tuple[int, ...], max_tokens: int = 24, stop: tuple[str, ...] = ()
) -> Asked:
    """Ask a real model at temperature 0."""
    return Asked(pool, model, GenerationRequest("ann", tokens, max_tokens, Sampling(temperature=0), stop))


def check_places_fall(asked: list[Asked]) -> None:
    """Everybody who waited saw the own place fall, and who waited longest saw it from far behind."""
    longest = 0
    for each in asked:
        places = [event.position for event in each.events if isinstance(event, Queued)]
        assert places == sorted(places, reverse=True)
        longest = max(longest, *places, 0)
    assert longest > len(asked) // 2
