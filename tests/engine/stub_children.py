"""Real processes that do little: for the tests of child, supervisor and renderer. Run by name, in the child."""

import os
import signal
import socket
from pathlib import Path

import msgspec

from app.child import ChildPipe
from app.worker import messages
from app.worker.messages import Delta, Finished, Generate, Numbers


class Told(msgspec.Struct):
    """What a worker was told, as it tells it."""

    pid: int
    load: messages.Load
    generate: Generate
    cancelled: list[str] = []


def echo(pipe: ChildPipe) -> None:
    """Send back what comes."""
    while True:
        frame = pipe.receive(None)
        assert frame is not None
        pipe.send(frame)


def show_environment(pipe: ChildPipe) -> None:
    """The names of all variables that the child sees."""
    pipe.send("\n".join(os.environ).encode())


def ignore_everything(pipe: ChildPipe) -> None:
    """Ignores the end of the pipe and SIGTERM alike; says when it is ready to do so."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    pipe.send(b"ready")
    while True:
        signal.pause()


def hold(pipe: ChildPipe) -> None:
    """Start a process that cannot be asked, only seen: a child of a child."""
    pipe.send(str(os.getpid()).encode())
    while True:
        signal.pause()


def announce_too_much(pipe: ChildPipe) -> None:
    """A header for four gigabytes."""
    pipe._connection.sendall(b"\xff\xff\xff\xff")
    pipe.receive(None)


def worker(pipe: ChildPipe) -> None:
    """A worker without a model. What it does is told by the path it is to load, and by the first token of a request."""
    load = messages.read_to_worker(receive(pipe))
    assert isinstance(load, messages.Load)
    manner = Path(load.path).stem
    if manner == "unloadable":
        pipe.send(messages.write(messages.LoadFailed("model_load_failed", "tensor 'x' not found")))
        return
    if manner == "dies-loading" or (manner == "plain-only" and load.backend.extra_buffers):
        os.kill(os.getpid(), signal.SIGILL)
    pipe.send(messages.write(messages.Loading(0.5)))
    if manner == "loads-for-ever":
        while True:
            signal.pause()
    pipe.send(messages.write(messages.Loaded(load.context_tokens, load.slots, 0.0)))
    cancelled: list[str] = []
    while True:
        message = messages.read_to_worker(receive(pipe))
        match message:
            case Generate():
                if manner == "plain-only-later" and load.backend.extra_buffers:
                    os.kill(os.getpid(), signal.SIGSEGV)
                answer(pipe, message, load, cancelled)
            case messages.Embed(request, texts) if len(texts) > 256:
                pipe.send(messages.write(messages.Failed(request, "decode_failed", "too many for one frame")))
            case messages.Embed(request, texts):
                pipe.send(messages.write(messages.Embedded(request, [[float(len(text))] for text in texts])))
            case messages.Forget(owner, chat):
                Path(load.path).with_name("forgotten").write_text(f"{owner} {chat}")
            case messages.Cancel(request):
                cancelled.append(request)
                pipe.send(messages.write(finished(request, "stopped")))
            case messages.Ping() if manner != "deaf":
                pipe.send(messages.write(messages.Pong(0, 0)))
            case messages.Retire() if manner != "stubborn":
                if Path(load.path).parent != Path("/"):
                    Path(load.path).with_name("retired").write_text("saved")
                return
            case _:
                pass


def renderer(pipe: ChildPipe) -> None:
    """A renderer without a model: letters are tokens, and a prompt is the number of its turns."""
    opening = messages.read_to_renderer(receive(pipe))
    assert isinstance(opening, messages.OpenVocabulary)
    pipe.send(messages.write(messages.VocabularyOpened(1, True, [])))
    while True:
        match messages.read_to_renderer(receive(pipe)):
            case messages.Count(request, text):
                pipe.send(messages.write(messages.Counted(request, len(text))))
            case messages.Render(request, turns):
                pipe.send(messages.write(messages.Rendered(request, [len(turns)])))
            case messages.Tokenize(request, texts):
                pipe.send(messages.write(messages.Tokenized(request, [[*map(ord, text)] for text in texts])))
            case message:
                raise AssertionError(message)


def mortal_renderer(pipe: ChildPipe) -> None:
    """Counts, but no prompt leaves it alive. Each of its lives leaves an "x" in the file that it is to open."""
    opening = messages.read_to_renderer(receive(pipe))
    assert isinstance(opening, messages.OpenVocabulary)
    with Path(opening.path).open("a") as births:
        births.write("x")
    pipe.send(messages.write(messages.VocabularyOpened(1, True, [])))
    while isinstance(question := messages.read_to_renderer(receive(pipe)), messages.Count):
        pipe.send(messages.write(messages.Counted(question.request, len(question.text))))
    os.kill(os.getpid(), signal.SIGKILL)


def answer(pipe: ChildPipe, generate: Generate, load: messages.Load, cancelled: list[str]) -> None:
    """Token 0: say "hi" and finish; 1: say "hi" and stay; 9: say "hi" and die; 8: send nonsense; 2: tell all;
    7: say "hi", and be heard of no more.
    """
    if generate.tokens[0] == 2:
        told = msgspec.json.encode(Told(os.getpid(), load, generate, cancelled)).decode()
        pipe.send(messages.write(Delta(generate.request, told, 1)), messages.write(finished(generate.request, "end")))
        return
    pipe.send(messages.write(Delta(generate.request, "hi", 1)))
    match generate.tokens[0]:
        case 0:
            pipe.send(messages.write(finished(generate.request, "end")))
        case 7:
            pipe._connection.shutdown(socket.SHUT_RDWR)
            signal.pause()
        case 8:
            pipe.send(b"nonsense")
        case 9:
            os.kill(os.getpid(), signal.SIGKILL)
        case _:
            pass


def finished(request: str, reason: messages.StopReason) -> Finished:
    """With numbers that mean nothing."""
    return Finished(request, reason, Numbers(1, 0, 1, 0.1, 0.0))


def receive(pipe: ChildPipe) -> bytes:
    """The next frame."""
    frame = pipe.receive(None)
    assert frame is not None
    return frame
