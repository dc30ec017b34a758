"""The libraries that compute, in builds of llama.cpp that load them while they run.

Those are one of several CPU variants, and the backends of graphics cards.
"""

import ctypes
import os
from pathlib import Path

from llama_cpp import llama_cpp as c

from app.worker.errors import LlamaError
from app.worker.messages import Backend

GPU_KINDS = ("cuda", "hip", "vulkan", "sycl", "musa", "opencl", "cann")


def load(backend: Backend) -> None:
    """Load what `backend` names, once in a process and before the first model. Raises LlamaError("backend_unusable").

    Where a CPU backend is linked in, or loaded already, there is nothing to do. With nothing named, ggml chooses among
    the variants beside it by what it knows of the processor.
    """
    ggml = c._lib  # Of libllama, whose own libggml is found through it.
    ggml.ggml_backend_dev_count.restype = ctypes.c_size_t
    ggml.ggml_backend_load.argtypes = ggml.ggml_backend_load_all_from_path.argtypes = [ctypes.c_char_p]
    ggml.ggml_backend_load.restype = ctypes.c_void_p
    if ggml.ggml_backend_dev_count() > 0:
        return
    if not backend.variant:
        ggml.ggml_backend_load_all_from_path(os.fsencode(backend.libraries or _own_folder()))
    else:
        folder = Path(backend.libraries).absolute()
        for kind in GPU_KINDS if backend.gpu_layers else ():
            library = folder / f"libggml-{kind}.so"
            if library.is_file():
                ggml.ggml_backend_load(os.fsencode(library))
        ggml.ggml_backend_load(os.fsencode(folder / f"libggml-cpu-{backend.variant}.so"))
    if ggml.ggml_backend_dev_count() == 0:
        raise LlamaError("backend_unusable", backend.variant or str(_own_folder()))


def _own_folder() -> Path:
    """Where libllama and libggml lie."""
    return Path(c._lib._name).parent
