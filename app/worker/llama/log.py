"""llama.cpp's own log: its last complaints are kept, and the first of them tells what went wrong."""

import ctypes
from collections import deque

from llama_cpp import llama_cpp as c

from app.worker.errors import LlamaError

NUM_LOG_LINES = 40
LOG_ERROR = 4


class Log:
    """Keeps llama.cpp's last complaints; everything else that it says goes nowhere."""

    def __init__(self) -> None:
        self._lines: deque[str] = deque(maxlen=NUM_LOG_LINES)
        self._callback = c.llama_log_callback(self._take)
        # C keeps the callback's address for the life of the process: it must never be freed.
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._callback))
        c.llama_log_set(self._callback, None)

    def _take(self, level: int, text: bytes, _user_data: object) -> None:
        if level == LOG_ERROR:
            self._lines.append(text.decode("utf-8", "replace").strip())

    def explain(self) -> str:
        """The complaint that says most: llama.cpp's first error is the cause, the later ones are its consequences."""
        return self._lines[0].partition(": ")[2] or self._lines[0] if self._lines else ""


def load_error(detail: str) -> LlamaError:
    """Which of our codes a complaint of llama.cpp's loader is."""
    if "unknown model architecture" in detail:
        return LlamaError("model_architecture_unknown", detail)
    if "unable to allocate" in detail or "failed to allocate" in detail:
        return LlamaError("model_memory", detail)
    return LlamaError("model_load_failed", detail)


def context_error(detail: str) -> LlamaError:
    """Why there is no context: mostly memory, but a file may also claim that its context has no length."""
    return LlamaError("model_load_failed" if "n_ctx_seq == 0" in detail else "model_memory", detail)
