"""Children that are asked by the probe: what each does is told by the variant of the backend that it is to load."""

import os
import signal
from pathlib import Path

from app.child import ChildPipe
from app.engine import probe
from app.worker import messages
from app.worker.messages import Delta, Finished, Generate, Numbers


def worker(pipe: ChildPipe) -> None:
    """A worker without a model; "right 50" writes the right text at 50 tokens per second, and so does none at 100."""
    load = messages.read_to_worker(receive(pipe))
    assert isinstance(load, messages.Load)
    manner, _, speed = (load.backend.variant or "right").partition(" ")
    if manner == "refused":
        pipe.send(messages.write(messages.LoadFailed("backend_unusable", "no such file")))
        return
    if manner == "once":
        mark = Path(load.backend.libraries)
        manner = "SIGSEGV" if mark.exists() else "right"
        mark.touch()
    if manner == "silent":
        signal.pause()
    pipe.send(messages.write(messages.Loading(0.5)))
    pipe.send(messages.write(messages.Loaded(load.context_tokens, load.slots, 0.0)))
    while True:
        message = messages.read_to_worker(receive(pipe))
        assert isinstance(message, Generate)
        answer(pipe, message, manner, float(speed or 100))


def answer(pipe: ChildPipe, generate: Generate, manner: str, speed: float) -> None:
    """The answer of each manner; a signal's name dies by it."""
    half = len(probe.EXPECTED) // 2
    match manner:
        case "right":
            pipe.send(messages.write(Delta(generate.request, probe.EXPECTED[:half], 1)))
            pipe.send(messages.write(Delta(generate.request, probe.EXPECTED[half:], 1)))
        case "gibberish":
            pipe.send(messages.write(Delta(generate.request, "@@@@ÿ the the", 1)))
        case "nonsense":
            pipe.send(b"\xc1")
        case "failing":
            pipe.send(messages.write(messages.Failed(generate.request, "decode_failed", "-3")))
            return
        case "hung":
            signal.pause()
        case "leaving":
            os._exit(3)
        case _:
            os.kill(os.getpid(), getattr(signal, manner))
    numbers = Numbers(len(generate.tokens), 0, 48, len(generate.tokens) / speed, 48 / speed)
    pipe.send(messages.write(Finished(generate.request, "length", numbers)))


def receive(pipe: ChildPipe) -> bytes:
    """The next frame."""
    frame = pipe.receive(None)
    assert frame is not None
    return frame
