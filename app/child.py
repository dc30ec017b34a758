"""A child process and the framed pipe to it: start it, talk to it, terminate it, then kill it.

Run as `python -m app.child TARGET FD` this module is the child's own entry: it imports TARGET ("module:function")
and calls it with the child's end of the pipe. Knows nothing of what the frames say.
"""

import importlib
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

HEADER = struct.Struct("<I")
MAX_FRAME_BYTES = 64 * 1024 * 1024
READ_BYTES = 256 * 1024
ORPHAN_GRACE_SECONDS = 2.0

# A child is given no secrets: only what the loader, the C library and OpenMP need to work.
ENVIRONMENT_NAMES = frozenset({"PATH", "HOME", "LANG", "TMPDIR", "TZ", "LD_LIBRARY_PATH", "LLAMA_CPP_LIB_PATH"})
ENVIRONMENT_PREFIXES = ("LC_", "OMP_", "GOMP_", "GGML_", "PYTHON", "COVERAGE_PROCESS_")


class FrameTooLarge(Exception):
    """A frame is over the limit of the pipe: the other side is broken or hostile, and the pipe is of no more use."""


class FrameBuffer:
    """Cuts a stream of bytes into frames: 4 bytes of little-endian length, then that many bytes."""

    def __init__(self, max_frame_bytes: int = MAX_FRAME_BYTES) -> None:
        self._max_frame_bytes = max_frame_bytes
        self._data = bytearray()

    def feed(self, data: bytes) -> None:
        """Take more bytes of the stream."""
        self._data += data

    def take(self) -> bytes | None:
        """The next whole frame, or None. Raises FrameTooLarge as soon as too great a length is announced."""
        if len(self._data) < HEADER.size:
            return None
        (num_bytes,) = HEADER.unpack_from(self._data)
        if num_bytes > self._max_frame_bytes:
            raise FrameTooLarge(num_bytes)
        end = HEADER.size + num_bytes
        if len(self._data) < end:
            return None
        frame = bytes(self._data[HEADER.size : end])
        del self._data[:end]
        return frame


def pack_frame(payload: bytes, max_frame_bytes: int = MAX_FRAME_BYTES) -> bytes:
    """The payload with its length in front. Raises FrameTooLarge."""
    if len(payload) > max_frame_bytes:
        raise FrameTooLarge(len(payload))
    return HEADER.pack(len(payload)) + payload


class ChildPipe:
    """One end of the pipe, used by blocking code: the child's own end, and the parent's for jobs."""

    def __init__(self, connection: socket.socket, max_frame_bytes: int = MAX_FRAME_BYTES) -> None:
        self._connection = connection
        self._max_frame_bytes = max_frame_bytes
        self._buffer = FrameBuffer(max_frame_bytes)
        self._poll = select.poll()
        self._poll.register(connection, select.POLLIN)

    def send(self, *payloads: bytes) -> None:
        """Send each payload as a frame, all in one write. Raises EOFError when the other side is gone."""
        data = b"".join(pack_frame(payload, self._max_frame_bytes) for payload in payloads)
        try:
            self._connection.sendall(data)
        except (BrokenPipeError, ConnectionResetError) as error:
            raise EOFError from error

    def receive(self, timeout: float | None) -> bytes | None:
        """The next frame; None when `timeout` seconds pass without one. Raises EOFError when the other side is gone."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while (frame := self._buffer.take()) is None:
            remaining = None if deadline is None else max(0.0, deadline - time.monotonic())
            if not self._poll.poll(None if remaining is None else remaining * 1000):
                return None
            try:
                data = self._connection.recv(READ_BYTES)
            except ConnectionResetError as error:
                raise EOFError from error
            if not data:
                raise EOFError
            self._buffer.feed(data)
        return frame

    def close(self) -> None:
        """Close this end; the other side sees the end of the stream."""
        self._connection.close()


class ChildProcess:
    """One child: `start`, talk through `pipe` (or take the socket by `detach`), `close`.

    `target` is "module:function"; the function gets a `ChildPipe` and the process ends when it returns. The child
    ends itself when its parent is gone.
    """

    def __init__(self, target: str, name: str, max_frame_bytes: int = MAX_FRAME_BYTES) -> None:
        self.target = target
        self.name = name
        self._max_frame_bytes = max_frame_bytes
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: socket.socket | None = None
        self._pipe: ChildPipe | None = None

    def start(self) -> None:
        """Start the process. Raises OSError when the system refuses."""
        assert self._process is None, "a ChildProcess starts once"
        ours, theirs = socket.socketpair()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "app.child", self.target, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env=child_environment(os.environ, sys.path),
                pass_fds=(theirs.fileno(),),
            )
        except OSError:
            ours.close()
            raise
        finally:
            theirs.close()
        self._connection = ours

    @property
    def pid(self) -> int:
        """The process id; the process has been started."""
        assert self._process is not None
        return self._process.pid

    @property
    def pipe(self) -> ChildPipe:
        """The parent's end, for blocking use."""
        if self._pipe is None:
            assert self._connection is not None
            self._pipe = ChildPipe(self._connection, self._max_frame_bytes)
        return self._pipe

    def detach(self) -> socket.socket:
        """The parent's socket, to be owned and closed by the caller: for asyncio."""
        assert self._connection is not None and self._pipe is None
        connection, self._connection = self._connection, None
        return connection

    def poll(self) -> int | None:
        """The exit status, negative for a signal; None while it runs."""
        return None if self._process is None else self._process.poll()

    def wait(self, timeout: float) -> int | None:
        """Wait for the end, at most `timeout` seconds; the exit status or None."""
        assert self._process is not None
        try:
            return self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            return None

    def kill(self) -> None:
        """SIGKILL, when it still runs."""
        if self._process is not None:
            self._process.kill()

    def terminate(self) -> None:
        """SIGTERM, when it still runs."""
        if self._process is not None:
            self._process.terminate()

    def close(self, grace_seconds: float = 2.0) -> int:
        """End it: by closing the pipe, then SIGTERM, then SIGKILL, each after `grace_seconds`. Returns its status."""
        if self._connection is not None:
            self._connection.close()
        status = self.wait(grace_seconds)
        if status is None:
            self.terminate()
            status = self.wait(grace_seconds)
        if status is None:
            self.kill()
            assert self._process is not None
            status = self._process.wait()
        return status

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def child_environment(environment: Mapping[str, str], import_path: list[str]) -> dict[str, str]:
    """What of `environment` a child may see, and the parent's own import path, so that both run the same code."""
    kept = {
        name: value
        for name, value in environment.items()
        if name in ENVIRONMENT_NAMES or name.startswith(ENVIRONMENT_PREFIXES)
    }
    kept["PYTHONPATH"] = os.pathsep.join(str(Path(entry).absolute()) for entry in import_path)
    return kept


def watch_parent(descriptor: int) -> None:
    """End this process soon after the other side of the pipe closes, even if the main thread never looks at it.

    This is used instead of PR_SET_PDEATHSIG, which fires when the *thread* that started the child ends.
    """
    poll = select.poll()
    poll.register(descriptor, getattr(select, "POLLRDHUP", select.POLLHUP))
    poll.poll()
    time.sleep(ORPHAN_GRACE_SECONDS)
    os._exit(1)


def main(target: str, descriptor: int) -> None:
    """The child's entry: run `target` with the pipe, and end quietly when the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    connection = socket.socket(fileno=descriptor)
    os.set_inheritable(descriptor, False)
    threading.Thread(target=watch_parent, args=(descriptor,), daemon=True).start()
    module, _, function = target.partition(":")
    try:
        getattr(importlib.import_module(module), function)(ChildPipe(connection))
    except EOFError:
        pass
    finally:
        connection.close()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
