"""The ways to compute that this build of llama.cpp offers on this box, and the key of what they depend on.

Looks at files only: whether any of them works is for `app.engine.probe` to find out.
"""

import hashlib
import os
from collections.abc import Mapping, Sequence
from importlib import metadata, util
from pathlib import Path

from app import hardware
from app.hardware import Gpu
from app.worker.messages import Backend

LIBRARY = "llama-cpp-python"
PACKAGE = "llama_cpp"
ALL_LAYERS = 999
CPU_VARIANT = "libggml-cpu-*.so"
GPU_LIBRARIES = tuple(f"libggml-{kind}.so" for kind in ("cuda", "hip", "vulkan", "sycl", "musa", "opencl", "cann"))


def libraries_folder(environment: Mapping[str, str] = os.environ) -> Path | None:
    """Where the libraries of llama.cpp lie, without loading one of them."""
    named = environment.get("LLAMA_CPP_LIB_PATH")
    if named:
        return Path(named)
    found = util.find_spec(PACKAGE)
    return Path(found.origin).parent / "lib" if found is not None and found.origin else None


def candidates(folder: Path | None, gpus: Sequence[Gpu]) -> list[Backend]:
    """Every way to try: each CPU variant, with and without extra buffers, and the same with a graphics card first."""
    variants = _variants(folder) if folder is not None else []
    libraries = str(folder.absolute()) if folder is not None and variants else ""
    can_offload = bool(gpus) and folder is not None and any((folder / name).is_file() for name in GPU_LIBRARIES)
    return [
        Backend(extra_buffers, gpu_layers, libraries, variant)
        for gpu_layers in ((ALL_LAYERS, 0) if can_offload else (0,))
        for extra_buffers in (True, False)
        for variant in variants or [""]
    ]


def box_key(folder: Path | None, gpus: Sequence[Gpu], root: Path = hardware.ROOT) -> str:
    """Changes whenever the processor, the libraries or the graphics cards do."""
    processor = hardware.processor(root)
    parts = [processor.model, *sorted(processor.features), *(f"{gpu.name} {gpu.total_bytes}" for gpu in gpus)]
    parts.append(metadata.version(LIBRARY))
    for file in sorted(folder.glob("*.so")) if folder is not None else ():
        status = file.stat()
        parts.append(f"{file.name} {status.st_size} {status.st_mtime_ns}")
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def _variants(folder: Path) -> list[str]:
    """Names such as "haswell": CPU backends that are loaded while it runs. None where one is linked in."""
    first, _, last = CPU_VARIANT.partition("*")
    return sorted(file.name.removeprefix(first).removesuffix(last) for file in folder.glob(CPU_VARIANT))
