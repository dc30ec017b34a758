"""How a model is to be loaded so that it fits: the context, the slots, and what that takes. Loads nothing.

The figures come from the headers of the files, which are read once for each state of a file, off the event loop.
"""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from app.engine.events import ModelFile
from app.errors import TooLarge
from app.settings import Settings
from app.weights import gguf_file, memory
from app.weights.gguf_header import GgufHeader
from app.worker.messages import Draft, KvType

MIB = 1024**2
GIB = 1024**3
# A context that is smaller than this is no use for a conversation: fewer replies at once, rather.
LEAST_CONTEXT = 2048
# A context that had to be cut to fit is a multiple of this, so that the states of chats still match next time.
CONTEXT_STEP = 1024

Stamp = tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """What a worker is asked for. `is_whole`: all that was wished for; `context_tokens` is for each of the slots.

    `gpu_bytes` is how much of what it needs has room on graphics cards.
    """

    context_tokens: int
    slots: int
    needs_bytes: int
    snapshot_bytes: int = 0
    is_whole: bool = True
    num_layers: int = 0
    gpu_bytes: int = 0

    @property
    def main_bytes(self) -> int:
        """What it may come to take of the machine's own memory."""
        return self.needs_bytes - self.gpu_bytes + self.snapshot_bytes


class Planner(Protocol):
    """Says what loading takes."""

    async def read(self, model: ModelFile) -> Stamp | None:
        """Look at the files: what tells this state of them from another; None when the model's own is gone."""
        ...

    def plan(self, model: ModelFile, room_bytes: int, is_embedding: bool) -> LoadPlan:
        """The best that fits into the room. Raises TooLarge, and BadFile for what `read` has found wrong."""
        ...


class MemoryPlan:
    """The planner of this box: settings, and what the headers say."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._headers: dict[Path, tuple[Stamp, GgufHeader]] = {}

    async def read(self, model: ModelFile) -> Stamp | None:
        """Raises BadFile for a file that is there and cannot be used."""
        return await asyncio.to_thread(self._read, model)

    def plan(self, model: ModelFile, room_bytes: int, is_embedding: bool = False) -> LoadPlan:
        """The wish if it fits; else a smaller context; else fewer slots. What was chosen for this model is kept to."""
        header = self._header(model.path)
        wish = self._wish(model, header)
        least = wish if model.options.context_tokens is not None else min(LEAST_CONTEXT, wish)
        most_slots = 1 if is_embedding else self._settings.slots
        for slots in range(most_slots, 0, -1):
            beside = self._beside(model, wish, slots)
            context_tokens = self._context(model, header, room_bytes - beside, slots, (least, wish))
            if context_tokens is not None:
                is_whole = (context_tokens, slots) == (wish, most_slots)
                needs = self._needs(model, header, context_tokens, slots) + beside
                spare = max(0, room_bytes - needs) // 2
                kept = 0 if is_embedding else min(self._settings.snapshot_memory_mb * MIB, spare)
                return LoadPlan(context_tokens, slots, needs, kept, is_whole, header.block_count)
        raise self._too_large(model, header, room_bytes, least)

    def _context(
        self, model: ModelFile, header: GgufHeader, room: int, slots: int, limits: tuple[int, int]
    ) -> int | None:
        least, wish = limits
        if self._needs(model, header, wish, slots) <= room:
            return wish
        if least == wish:
            return None
        kv_type = self._kv_type(model)
        found = memory.best_context(header, room, wish, slots, self._settings.batch_tokens, kv_type, least)
        return None if found is None else max(least, found // CONTEXT_STEP * CONTEXT_STEP)

    def _too_large(self, model: ModelFile, header: GgufHeader, room_bytes: int, least: int) -> TooLarge:
        beside = self._beside(model, least, 1)
        room = room_bytes - beside
        smaller = memory.next_best_quantization(
            header, room, least, 1, self._settings.batch_tokens, self._kv_type(model)
        )
        return TooLarge(
            "model_too_large" if smaller else "model_far_too_large",
            model=model.name,
            needs=human_size(self._needs(model, header, least, 1) + beside),
            available=human_size(max(0, room_bytes)),
            quantization=smaller or "",
        )

    def _wish(self, model: ModelFile, header: GgufHeader) -> int:
        wished = model.options.context_tokens or self._settings.context_tokens
        trained = model.context_tokens or header.context_length or wished
        return max(1, min(wished, trained))

    def _needs(self, model: ModelFile, header: GgufHeader, context_tokens: int, slots: int) -> int:
        kv_type = self._kv_type(model)
        return memory.needs(header, context_tokens, slots, self._settings.batch_tokens, kv_type).total_bytes

    def _beside(self, model: ModelFile, context_tokens: int, slots: int) -> int:
        """Bytes of what is loaded with the model: adapters, and a model that drafts, with a cache of its own."""
        adapters = [self._headers[path][1] for path in _adapters(model) if path in self._headers]
        drafting = [self._headers[path][1] for path in _drafting(model) if path in self._headers]
        batch_tokens = self._settings.batch_tokens
        needs = [memory.needs(header, context_tokens, slots, batch_tokens, "f16") for header in drafting]
        used = sum(each.weights_bytes + each.kv_bytes + each.compute_bytes for each in needs)
        return used + sum(header.file_bytes for header in adapters)

    def _kv_type(self, model: ModelFile) -> KvType:
        return model.options.kv_type or self._settings.kv_type

    def _header(self, path: Path) -> GgufHeader:
        """As it was read last; read now, in the rare case that another model's file took its place meanwhile."""
        if path not in self._headers:
            return gguf_file.read_header(path)
        return self._headers[path][1]

    def _read(self, model: ModelFile) -> Stamp | None:
        for path in (model.path, *_other_files(model)):
            stamp = _stamp(path)
            if stamp is None:
                continue
            if path not in self._headers or self._headers[path][0] != stamp:
                self._headers[path] = (stamp, gguf_file.read_header(path))
        own = _stamp(model.path)
        if own is None:
            self._headers.pop(model.path, None)
            return None
        return own + tuple(part for path in _other_files(model) for part in _stamp(path) or ((0, 0, 0),))


def human_size(num_bytes: int) -> str:
    """Bytes for people: `4.7 GiB`, `312 MiB`."""
    return f"{num_bytes / GIB:.1f} GiB" if num_bytes >= GIB else f"{num_bytes / MIB:.0f} MiB"


def _other_files(model: ModelFile) -> tuple[Path, ...]:
    return (*_adapters(model), *_drafting(model))


def _adapters(model: ModelFile) -> tuple[Path, ...]:
    return tuple(Path(lora.path) for lora in model.options.loras)


def _drafting(model: ModelFile) -> tuple[Path, ...]:
    draft: Draft | None = model.options.draft
    return (Path(draft.path),) if draft is not None and draft.kind == "model" else ()


def _stamp(path: Path) -> Stamp | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return ((status.st_size, status.st_mtime_ns, status.st_ino),)
