"""The renderers of all models, of which few stay in memory. Knows no workers and no turns."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from app.engine.events import ModelFile, RenderedPrompt
from app.engine.renderer import RENDERER_TARGET, Renderer
from app.worker.messages import Turn

IDLE_SECONDS = 300.0
# Each holds a vocabulary, some 50 MB. While more are asked at the same time, more live, and go right afterwards.
MAX_LIVE = 2


FileStamp = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class RendererKey:
    """What has a renderer of its own."""

    path: Path
    prompt_format: str


class Renderers:
    """Asks the model's own renderer; the least recently used idle one makes room for another."""

    def __init__(self, target: str = RENDERER_TARGET) -> None:
        self._target = target
        self._stamps: dict[RendererKey, FileStamp | None] = {}
        self._renderers: dict[RendererKey, Renderer] = {}

    async def render(self, model: ModelFile, turns: Sequence[Turn]) -> RenderedPrompt:
        """Tokens of the whole prompt, by the model's own template. Raises Unavailable, BadFile, InvalidInput."""
        renderer = await self._renderer(model)
        try:
            return await renderer.render(turns)
        finally:
            await self._close_idle_beyond(MAX_LIVE)

    async def count(self, model: ModelFile, text: str) -> int:
        """How many tokens a text is. Raises as `render` does."""
        renderer = await self._renderer(model)
        try:
            return await renderer.count(text)
        finally:
            await self._close_idle_beyond(MAX_LIVE)

    async def tokenize(self, model: ModelFile, texts: Sequence[str]) -> list[list[int]]:
        """The tokens of each text as a whole input. Raises as `render` does."""
        renderer = await self._renderer(model)
        try:
            return await renderer.tokenize(texts)
        finally:
            await self._close_idle_beyond(MAX_LIVE)

    def stop_of(self, model: ModelFile) -> tuple[str, ...]:
        """The strings that end an answer of a model without a template; none before it was asked for the first time."""
        renderer = self._renderers.get(_key(model))
        return () if renderer is None else renderer.stop

    def live(self) -> list[str]:
        """Names of the models whose renderer has a process."""
        return [renderer.model for renderer in self._renderers.values() if renderer.is_live]

    async def close_idle(self) -> None:
        """End those that nobody has asked for some minutes."""
        for renderer in list(self._renderers.values()):
            await renderer.close_if_idle(IDLE_SECONDS)

    async def close(self) -> None:
        """End all of them."""
        async with asyncio.TaskGroup() as group:
            for renderer in self._renderers.values():
                group.create_task(renderer.close())

    async def _renderer(self, model: ModelFile) -> Renderer:
        key = _key(model)
        stamp = await asyncio.to_thread(_stamp, model.path)
        renderer = self._renderers.get(key)
        if renderer is None:
            renderer = Renderer(model.name, model.path, self._target, prompt_format=key.prompt_format)
            self._renderers[key] = renderer
        elif stamp is not None and stamp != self._stamps.get(key):
            await renderer.renew()
        self._stamps[key] = stamp or self._stamps.get(key)
        if not renderer.is_live:
            await self._close_idle_beyond(MAX_LIVE - 1)
        return renderer

    async def _close_idle_beyond(self, most: int) -> None:
        live = [renderer for renderer in self._renderers.values() if renderer.is_live]
        idle = sorted((each for each in live if each.is_idle), key=lambda each: each.last_used)
        # None is asked between here and its end: `close` takes the process away before it waits for anything.
        await asyncio.gather(*(each.close() for each in idle[: max(0, len(live) - most)]))


def _key(model: ModelFile) -> RendererKey:
    return RendererKey(model.path, model.options.prompt_format)


def _stamp(path: Path) -> FileStamp | None:
    """What tells this state of a file from another; None when it is gone: a renderer that has read it serves on."""
    try:
        status = path.stat()
    except OSError:
        return None
    return (status.st_size, status.st_mtime_ns, status.st_ino)
