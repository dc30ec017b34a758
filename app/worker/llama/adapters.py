"""LoRA adapters: small weights in GGUF files of their own that are added to a model's while it runs."""

import ctypes
from collections.abc import Sequence
from typing import Any

from llama_cpp import llama_cpp as c

from app.worker.errors import LlamaError
from app.worker.llama.log import Log
from app.worker.llama.model import Model
from app.worker.messages import Lora


def attach(model: Model, context: object, loras: Sequence[Lora], log: Log) -> None:
    """Make `context` compute with these adapters from now on; the model keeps them until it is freed.

    Raises LlamaError("lora_does_not_fit"): another architecture, other shapes, no adapter at all.
    """
    if not loras:
        return
    adapters = (c.llama_adapter_lora_p_ctypes * len(loras))()
    for place, lora in enumerate(loras):
        adapters[place] = _load(model, lora, log)
    scales = (ctypes.c_float * len(loras))(*(lora.scale for lora in loras))
    if c.llama_set_adapters_lora(context, adapters, len(loras), scales) != 0:
        raise LlamaError("lora_does_not_fit", log.explain())


def _load(model: Model, lora: Lora, log: Log) -> Any:  # noqa: ANN401
    adapter = c.llama_adapter_lora_init(model.handle, lora.path.encode())
    if not adapter:
        raise LlamaError("lora_does_not_fit", log.explain())
    return adapter
