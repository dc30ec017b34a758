"""The child process and its framed pipe, with real processes."""

import os
import select
import signal
import socket
import subprocess
import sys
import time

import pytest

from app.child import HEADER, ChildPipe, ChildProcess, FrameBuffer, FrameTooLarge, child_environment, pack_frame

STUBS = "tests.engine.stub_children"
PATIENCE = 20.0


def test_frame_is_taken_only_when_it_is_whole() -> None:
    buffer = FrameBuffer()
    frame = pack_frame(b"hello")
    for byte in frame[:-1]:
        buffer.feed(bytes([byte]))
        assert buffer.take() is None
    buffer.feed(frame[-1:] + pack_frame(b"") + pack_frame(b"next"))
    assert [buffer.take(), buffer.take(), buffer.take(), buffer.take()] == [b"hello", b"", b"next", None]


def test_frame_over_the_limit_is_refused_before_its_body_comes() -> None:
    buffer = FrameBuffer(max_frame_bytes=10)
    buffer.feed(HEADER.pack(11))
    with pytest.raises(FrameTooLarge):
        buffer.take()
    with pytest.raises(FrameTooLarge):
        pack_frame(b"x" * 11, max_frame_bytes=10)


def test_pipe_gives_none_after_the_timeout_and_keeps_a_part_of_a_frame() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        pipe = ChildPipe(ours)
        theirs.sendall(pack_frame(b"hello")[:6])
        assert pipe.receive(0.01) is None
        theirs.sendall(pack_frame(b"hello")[6:])
        assert pipe.receive(PATIENCE) == b"hello"


def test_pipe_says_when_the_other_side_is_gone() -> None:
    ours, theirs = socket.socketpair()
    with ours:
        pipe = ChildPipe(ours)
        theirs.close()
        with pytest.raises(EOFError):
            pipe.receive(None)
        with pytest.raises(EOFError):
            pipe.send(b"x" * 1_000_000)


def test_child_talks_and_ends_with_its_pipe() -> None:
    with ChildProcess(f"{STUBS}:echo", "echo") as child:
        big = os.urandom(3_000_00)
        child.pipe.send(b"one", big)
        assert child.pipe.receive(PATIENCE) == b"one"
        assert child.pipe.receive(PATIENCE) == big
        assert child.close() == 0


def test_child_sees_no_secret_of_its_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEARTH_SETUP_TOKEN", "secret")
    monkeypatch.setenv("SSL_CERT_FILE", "anything")
    with ChildProcess(f"{STUBS}:show_environment", "environment") as child:
        seen = child.pipe.receive(PATIENCE)
    assert seen is not None
    names = seen.decode().split("\n")
    assert "PATH" in names
    assert not [name for name in names if name.startswith(("HEARTH_", "SSL_"))]


def test_environment_of_a_child_has_its_parents_import_path() -> None:
    environment = child_environment({"PATH": "/bin", "SECRET": "x", "OMP_WAIT_POLICY": "passive"}, ["/one", "/two"])
    assert environment == {"PATH": "/bin", "OMP_WAIT_POLICY": "passive", "PYTHONPATH": f"/one{os.pathsep}/two"}


def test_child_that_ignores_everything_is_killed() -> None:
    with ChildProcess(f"{STUBS}:ignore_everything", "stubborn") as child:
        assert child.pipe.receive(PATIENCE) == b"ready"
        assert child.close(grace_seconds=0.2) == -signal.SIGKILL


def test_killed_child_is_noticed_at_once() -> None:
    with ChildProcess(f"{STUBS}:hold", "victim") as child:
        assert child.pipe.receive(PATIENCE) is not None
        child.kill()
        killed = time.monotonic()
        with pytest.raises(EOFError):
            child.pipe.receive(PATIENCE)
        assert time.monotonic() - killed < 2
        assert child.close() == -signal.SIGKILL


def test_child_that_announces_too_much_is_refused() -> None:
    with ChildProcess(f"{STUBS}:announce_too_much", "liar") as child, pytest.raises(FrameTooLarge):
        child.pipe.receive(PATIENCE)


def test_child_that_never_looks_at_its_pipe_still_dies_with_its_parent() -> None:
    program = (
        "from app.child import ChildProcess\n"
        f"child = ChildProcess('{STUBS}:hold', 'orphan')\n"
        "child.start()\n"
        "print(child.pipe.receive(20).decode(), flush=True)\n"
        "import os; os._exit(0)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    output = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, timeout=60, env=environment
    ).stdout
    assert is_gone_within(int(output), PATIENCE)


def is_gone_within(pid: int, seconds: float) -> bool:
    """Whether a process that is not our child ends in time."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], seconds)[0])
    finally:
        os.close(descriptor)
