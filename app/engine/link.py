"""A child process with its pipe on the event loop. Knows frames, not what they say."""

import asyncio
import contextlib
from typing import Self

from app.child import HEADER, MAX_FRAME_BYTES, ChildProcess, FrameTooLarge, pack_frame

SEND_SECONDS = 30.0


class Link:
    """One running child: `send`, `receive`, `kill`, `close`."""

    def __init__(self, child: ChildProcess, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._child = child
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, target: str, name: str) -> Self:
        """Start a child. Raises OSError when the system refuses."""
        child = ChildProcess(target, name)
        child.start()
        reader, writer = await asyncio.open_unix_connection(sock=child.detach())
        return cls(child, reader, writer)

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._child.pid

    async def send(self, payload: bytes) -> None:
        """Send one frame. Raises EOFError when the child is gone or does not read."""
        self.post(payload)
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await self._writer.drain()
        except (ConnectionError, TimeoutError) as error:
            raise EOFError from error

    def post(self, payload: bytes) -> None:
        """Send one small frame without waiting; a child that is gone is noticed by who receives."""
        if not self._writer.is_closing():
            self._writer.write(pack_frame(payload))

    async def receive(self) -> bytes:
        """The next frame. Raises EOFError when the child is gone, FrameTooLarge when it sends nonsense."""
        try:
            (num_bytes,) = HEADER.unpack(await self._reader.readexactly(HEADER.size))
            if num_bytes > MAX_FRAME_BYTES:
                raise FrameTooLarge(num_bytes)
            return await self._reader.readexactly(num_bytes)
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            raise EOFError from error

    def kill(self) -> None:
        """SIGKILL; who receives then sees the end."""
        self._child.kill()

    async def close(self, grace_seconds: float = 1.0) -> int:
        """Let the child end, then terminate, then kill it. Returns its exit status, negative for a signal."""
        self._writer.close()
        with contextlib.suppress(ConnectionError):  # The child may have gone first; its status tells how.
            await self._writer.wait_closed()
        return await asyncio.to_thread(self._child.close, grace_seconds)
