"""What goes wrong in a child, as the error that a person is told."""

import signal
from collections.abc import Mapping

from app.errors import BadFile, HearthError, InvalidInput, TooLarge, Unavailable

BROKEN_FILE = frozenset(
    {"model_load_failed", "model_architecture_unknown", "template_broken", "template_too_large"}
    | {"lora_does_not_fit"},
)
DEATHS: Mapping[int, str] = {
    signal.SIGKILL: "worker_died_killed",
    signal.SIGILL: "worker_died_illegal_instruction",
    signal.SIGSEGV: "worker_died_crashed",
    signal.SIGBUS: "worker_died_crashed",
    signal.SIGABRT: "worker_died_crashed",
    signal.SIGFPE: "worker_died_crashed",
}


def load_error(model: str, code: str, detail: str) -> HearthError:
    """The model cannot be loaded, or its template not be used. The sentence around `detail` has its own full stop."""
    kind = BadFile if code in BROKEN_FILE else InvalidInput if code == "template_refused" else Unavailable
    return kind(code, model=model, detail=detail.rstrip(". \n"))


def death_error(model: str, status: int, saw_oom_kill: bool = False) -> Unavailable:
    """A worker has ended by itself with this exit status, negative for a signal.

    `saw_oom_kill`: the system has killed a process for its memory since the worker was started.
    """
    if status == -signal.SIGKILL and saw_oom_kill:
        return Unavailable("worker_died_out_of_memory", model=model)
    if status >= 0:
        return Unavailable("worker_died", model=model, status=status)
    number = -status
    name = signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"
    code = DEATHS.get(number)
    return Unavailable(code, model=model, signal=name) if code else Unavailable("worker_died", model=model, status=name)


def request_error(model: str, code: str, detail: str) -> HearthError:
    """A worker cannot do this one request."""
    kinds: dict[str, type[HearthError]] = {
        "grammar_invalid": InvalidInput,
        "embedding_not_supported": InvalidInput,
        "prompt_does_not_fit": TooLarge,
        "text_too_long": TooLarge,
    }
    return kinds.get(code, Unavailable)(code, model=model, detail=detail.rstrip(". \n"))


def closed_error() -> Unavailable:
    """The engine was closed while somebody waited."""
    return Unavailable("engine_closed")
