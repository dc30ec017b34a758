"""What llama.cpp says that it allocates for a model and a context: the sizes in its log."""

import ctypes
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from llama_cpp import llama_cpp as c

from app.weights.cache_memory import CacheShape
from app.worker.llama.log import Log

SIZE = re.compile(r"\b(\w+) buffer size = +([\d.]+) MiB")
MIB = 1024 * 1024
# llama.cpp prints two decimals of a MiB.
ROUNDING_BYTES = MIB // 100
GGML_TYPES = {"f16": 1, "q8_0": 8, "q4_0": 2}


@contextmanager
def allocations() -> Iterator[Counter[str]]:
    """Bytes by kind ("model", "KV", "RS", "compute", "output"), as they are logged meanwhile."""
    sizes: Counter[str] = Counter()

    def take(_level: int, text: bytes, _user_data: object) -> None:
        for kind, size in SIZE.findall(text.decode("utf-8", "replace")):
            sizes[kind] += round(float(size) * MIB)

    callback = c.llama_log_callback(take)
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(callback))
    c.llama_log_set(callback, None)
    try:
        yield sizes
    finally:
        Log()


def allocate(path: Path, shape: CacheShape) -> Counter[str]:
    """Load the model and make a context of this shape; both are gone again afterwards."""
    with allocations() as sizes:
        model = c.llama_model_load_from_file(str(path).encode(), c.llama_model_default_params())
        assert model
        parameters = c.llama_context_default_params()
        parameters.n_ctx = shape.context_tokens * shape.slots
        parameters.n_seq_max = shape.slots
        parameters.n_outputs_max = max(shape.slots, shape.num_outputs)
        parameters.kv_unified = shape.is_unified
        parameters.swa_full = shape.keeps_whole_window
        parameters.n_batch = parameters.n_ubatch = shape.batch_tokens
        parameters.type_k = parameters.type_v = GGML_TYPES[shape.kv_type]
        parameters.flash_attn_type = int(shape.has_flash_attention)
        parameters.n_threads = parameters.n_threads_batch = 1
        context = c.llama_init_from_model(model, parameters)
        assert context
        c.llama_free(context)
        c.llama_model_free(model)
    return sizes
