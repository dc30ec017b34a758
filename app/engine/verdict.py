"""What was found out about the ways to compute on this box, and the file that keeps it. Tries nothing itself."""

import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import msgspec

from app.worker.messages import Backend

log = logging.getLogger(__name__)

FILE_NAME = "probe.json"
# Layouts of weights made for big models: the small model that is asked here hardly shows what they are worth, so it
# must be clearly faster without them.
EXTRA_BUFFERS_GAIN = 1.5
# Ways are compared by the time for so much reading and writing.
READ_TOKENS, WRITTEN_TOKENS = 200, 50

Ending = Literal["right", "wrong", "died", "hung", "refused"]


class Step(msgspec.Struct, frozen=True):
    """One way that was tried, and how it ended. `detail` is a signal, a text or a complaint; speeds are in tokens per
    second, and 0 where it was not right.
    """

    backend: Backend
    ending: Ending
    detail: str = ""
    reading_speed: float = 0.0
    writing_speed: float = 0.0


class StepDown(msgspec.Struct, frozen=True):
    """A way that was given up since a worker died of it; `at` is the time in ISO 8601."""

    backend: Backend
    reason: str
    at: str


class Verdict(msgspec.Struct, frozen=True):
    """All that is known. `key` names the processor, the library and the graphics cards that it holds for."""

    key: str
    steps: tuple[Step, ...]
    at: str
    step_downs: tuple[StepDown, ...] = ()

    @property
    def backends(self) -> tuple[Backend, ...]:
        """The ways that gave the right text, best first.

        A graphics card that works comes first, since the model that was asked is too small to show what it is worth.
        """
        right = {step.backend: step for step in self.steps if step.ending == "right"}
        return tuple(sorted(right, key=lambda backend: _rank(backend, right)))


def _rank(backend: Backend, right: Mapping[Backend, Step]) -> tuple[bool, float, bool]:
    """Smaller is better. Without extra buffers, none is better than with them but by a clear gain in everything."""
    step = right[backend]
    twin = right.get(msgspec.structs.replace(backend, extra_buffers=True), step)
    gain = min(_gain(step.reading_speed, twin.reading_speed), _gain(step.writing_speed, twin.writing_speed))
    seconds = _seconds(step) if gain >= EXTRA_BUFFERS_GAIN else max(_seconds(step), _seconds(twin))
    return backend.gpu_layers == 0, seconds, not backend.extra_buffers


def _gain(speed: float, other: float) -> float:
    return speed / max(other, 1e-9)


def _seconds(step: Step) -> float:
    return READ_TOKENS / max(step.reading_speed, 1e-9) + WRITTEN_TOKENS / max(step.writing_speed, 1e-9)


def load(folder: Path) -> Verdict | None:
    """What is kept in the data folder; None when nothing is, or it cannot be read."""
    try:
        return msgspec.json.decode((folder / FILE_NAME).read_bytes(), type=Verdict)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError, ValueError) as error:
        log.warning("What is known of this box's ways to compute cannot be read, and is found out again: %s", error)
        return None


def save(folder: Path, verdict: Verdict) -> None:
    """Keep it, whole or not at all, in a data folder that is there.

    A disk that takes nothing is no reason to fail: it is found out again then.
    """
    if not folder.is_dir():
        return
    part = folder / f"{FILE_NAME}.part"
    try:
        with part.open("wb") as stream:
            stream.write(msgspec.json.format(msgspec.json.encode(verdict)))
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(folder / FILE_NAME)
    except OSError as error:
        log.warning("What was found out about this box's ways to compute cannot be kept: %s", error)
