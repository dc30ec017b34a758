"""What a worker is told to load, put together from the model's options, the settings and the plan."""

import hashlib
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import msgspec

from app.engine.events import ModelFile
from app.engine.memory_plan import LoadPlan
from app.settings import Settings
from app.worker.messages import Backend, Draft, Load, SnapshotPlan

MIB = 1024**2
# Layers are not all of a size, and a card takes whole ones.
PACKED = 0.9
LIBRARY = "llama-cpp-python"


@dataclass(frozen=True, slots=True)
class Running:
    """How it is to run just now."""

    threads: int
    backend: Backend
    is_embedding: bool = False


def load_message(model: ModelFile, plan: LoadPlan, settings: Settings, running: Running) -> Load:
    """The first message of a worker."""
    options = model.options
    draft = options.draft if options.draft is not None else Draft(kind=settings.draft)
    layers = options.gpu_layers if options.gpu_layers is not None else gpu_layers(plan, running.backend)
    backend = msgspec.structs.replace(running.backend, gpu_layers=layers)
    return Load(
        path=str(model.path),
        context_tokens=plan.context_tokens,
        slots=plan.slots,
        batch_tokens=settings.batch_tokens,
        threads=running.threads,
        kv_type=options.kv_type or settings.kv_type,
        use_mmap=options.use_mmap,
        backend=backend,
        rope=options.rope,
        loras=options.loras,
        draft=Draft() if running.is_embedding else draft,
        snapshots=None if running.is_embedding else snapshot_plan(model, plan, settings),
        is_embedding=running.is_embedding,
    )


def gpu_layers(plan: LoadPlan, backend: Backend) -> int:
    """As many layers as have room on the graphics cards; all, where everything has."""
    if not backend.gpu_layers or plan.gpu_bytes >= plan.needs_bytes:
        return backend.gpu_layers
    return min(backend.gpu_layers, int(plan.num_layers * PACKED * plan.gpu_bytes / plan.needs_bytes))


def snapshot_plan(model: ModelFile, plan: LoadPlan, settings: Settings) -> SnapshotPlan | None:
    """Where states of chats are kept; None while the contents of the file are not known, or nothing may be kept."""
    disk_bytes = settings.snapshot_disk_mb * MIB
    if not model.fingerprint or not (disk_bytes or plan.snapshot_bytes):
        return None
    return SnapshotPlan(
        str(snapshot_folder(settings)), identity(model, plan, settings), plan.snapshot_bytes, disk_bytes
    )


def snapshot_folder(settings: Settings) -> Path:
    """The folder of the states of all models."""
    return settings.data_dir.absolute() / "snapshots"


def identity(model: ModelFile, plan: LoadPlan, settings: Settings) -> str:
    """Names all that a state of a chat depends on: of another identity, none can be used."""
    options = model.options
    parts = (
        model.fingerprint,
        plan.context_tokens,
        options.kv_type or settings.kv_type,
        options.rope,
        [(lora, _changed(Path(lora.path))) for lora in options.loras],
        metadata.version(LIBRARY),
    )
    return hashlib.sha256(msgspec.msgpack.encode(parts)).hexdigest()


def _changed(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError:
        return (0, 0)
    return (status.st_size, status.st_mtime_ns)
