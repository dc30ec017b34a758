"""Vectors from a worker, in messages that fit its pipe however many texts there are."""

import uuid
from collections.abc import Sequence

from app.engine.troubles import request_error
from app.engine.worker_process import WorkerProcess
from app.worker import messages

# With vectors of 8192 numbers, some 20 MB.
TEXTS_AT_ONCE = 256


async def embed(process: WorkerProcess, texts: Sequence[list[int]]) -> list[list[float]]:
    """One vector for each text. Raises why the worker cannot."""
    vectors: list[list[float]] = []
    for start in range(0, len(texts), TEXTS_AT_ONCE):
        request = messages.Embed(uuid.uuid4().hex, list(texts[start : start + TEXTS_AT_ONCE]))
        stream = await process.open(request)
        try:
            message = await stream.next()
        finally:
            process.cancel(stream)
        if isinstance(message, messages.Failed):
            raise request_error(process.model, message.code, message.detail)
        assert isinstance(message, messages.Embedded)
        vectors += message.vectors
    return vectors
