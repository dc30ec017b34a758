"""A GGUF that llama.cpp has loaded: its weights, or only its vocabulary."""

import ctypes
from collections.abc import Callable
from pathlib import Path

from llama_cpp import llama_cpp as c

from app.worker import rope
from app.worker.llama.log import Log, load_error
from app.worker.llama.vocabulary import Vocabulary
from app.worker.messages import Backend

MAX_KEY_BYTES = 256
LOAD_MODES = {None: c.LLAMA_LOAD_MODE_AUTO, True: c.LLAMA_LOAD_MODE_MMAP, False: c.LLAMA_LOAD_MODE_NONE}


class Model:
    """A loaded GGUF, or only its vocabulary. Which libraries compute, is decided before the first one is loaded."""

    def __init__(
        self,
        path: Path,
        log: Log,
        vocab_only: bool,
        on_progress: Callable[[float], None],
        backend: Backend = Backend(),  # noqa: B008  It is frozen.
        use_mmap: bool | None = None,
    ) -> None:
        def progress(fraction: float, _user_data: object) -> bool:
            try:
                on_progress(fraction)
            except EOFError:
                return False  # The parent is gone: nobody wants this model any more.
            return True

        c.llama_backend_init()
        parameters = c.llama_model_default_params()
        parameters.vocab_only = vocab_only
        parameters.progress_callback = c.llama_progress_callback(progress)
        parameters.use_extra_bufts = backend.extra_buffers
        parameters.n_gpu_layers = backend.gpu_layers
        parameters.load_mode = LOAD_MODES[use_mmap]
        handle = c.llama_model_load_from_file(str(path).encode(), parameters)
        if not handle:
            raise load_error(log.explain())
        self.handle = handle
        self.vocabulary = Vocabulary(c.llama_model_get_vocab(handle))
        self.trained_context_tokens = int(c.llama_model_n_ctx_train(handle))

    @property
    def is_recurrent(self) -> bool:
        """Whether its memory is one state for all that was read (Mamba, RWKV), which cannot be cut back."""
        return bool(c.llama_model_is_recurrent(self.handle))

    @property
    def is_hybrid(self) -> bool:
        """Whether some of its layers are recurrent and others attend."""
        return bool(c.llama_model_is_hybrid(self.handle))

    @property
    def rope_facts(self) -> rope.RopeFacts:
        """What the file says about positions."""
        return rope.facts(self.metadata())

    def chat_template(self) -> str | None:
        """The Jinja template that the file carries."""
        template = c.llama_model_chat_template(self.handle, None)
        return template.decode("utf-8", "replace") if template else None

    def metadata(self) -> dict[str, str]:
        """The file's keys and values as text, cut where they are long; arrays are left out."""
        key, value = ctypes.create_string_buffer(MAX_KEY_BYTES), ctypes.create_string_buffer(MAX_KEY_BYTES)
        found: dict[str, str] = {}
        for place in range(c.llama_model_meta_count(self.handle)):
            if c.llama_model_meta_key_by_index(self.handle, place, key, MAX_KEY_BYTES) >= 0:
                c.llama_model_meta_val_str_by_index(self.handle, place, value, MAX_KEY_BYTES)
                found[key.value.decode("utf-8", "replace")] = value.value.decode("utf-8", "replace")
        return found
