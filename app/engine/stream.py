"""One request's messages on their way from the worker's pipe to whoever reads them."""

import asyncio
from collections import deque

from app.errors import HearthError
from app.worker.messages import Delta, Embedded, Failed, Finished, Reading

StreamMessage = Reading | Delta | Embedded | Finished | Failed


class Stream:
    """An async iterator that ends after `Finished`, `Embedded` or `Failed`, or raises what `fail` was given.

    It never holds more than a few messages: a slow reader gets the deltas merged and only the newest `Reading`.
    """

    def __init__(self, request: str) -> None:
        self.request = request
        self.is_over = False
        self._messages: deque[StreamMessage] = deque()
        self._error: HearthError | None = None
        self._news = asyncio.Event()

    def put(self, message: StreamMessage) -> None:
        """Take a message of the worker."""
        if self.is_over:
            return
        last = self._messages[-1] if self._messages else None
        match last, message:
            case Delta(), Delta():
                self._messages[-1] = Delta(
                    self.request,
                    last.text + message.text,
                    last.tokens + message.tokens,
                    [*last.logprobs, *message.logprobs],
                )
            case Reading(), Reading():
                self._messages[-1] = message
            case _:
                self._messages.append(message)
        self.is_over = isinstance(message, Finished | Embedded | Failed)
        self._news.set()

    def fail(self, error: HearthError) -> None:
        """End it by an error; what has come before is still given out."""
        if not self.is_over:
            self._error = error
            self.is_over = True
            self._news.set()

    async def next(self) -> StreamMessage | None:
        """The next message; None after the last one."""
        while not self._messages:
            if self._error is not None:
                raise self._error
            if self.is_over:
                return None
            self._news.clear()
            await self._news.wait()
        return self._messages.popleft()
