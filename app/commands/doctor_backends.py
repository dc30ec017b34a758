"""What `hearth doctor` says about the ways to compute: graphics cards, what was tried, what is used."""

from collections.abc import Iterator
from pathlib import Path

from app import hardware
from app.commands import output
from app.commands.finding import Finding
from app.engine import candidates, verdict
from app.engine.proven_backends import ProvenBackends
from app.engine.verdict import Ending, Step
from app.words.say import say
from app.worker.messages import Backend

CODES: dict[Ending, str] = {
    "right": "doctor_backend_right",
    "wrong": "doctor_backend_wrong",
    "died": "doctor_backend_died",
    "hung": "doctor_backend_hung",
    "refused": "doctor_backend_refused",
}
MAX_DETAIL = 80


def gpu_findings(root: Path) -> Iterator[Finding]:
    """Each graphics card, and whether this build of llama.cpp can use it."""
    cards = hardware.gpus(root)
    can_use = any(backend.gpu_layers for backend in candidates.candidates(candidates.libraries_folder(), cards))
    for card in cards:
        yield Finding(
            "ok" if can_use else "warning",
            "doctor_gpu" if can_use else "doctor_gpu_unused",
            {"name": card.name, "free": output.size(card.free_bytes), "total": output.size(card.total_bytes)},
        )


def backend_findings(backends: ProvenBackends, data_dir: Path) -> Iterator[Finding]:
    """What was tried and how it ended, what is used, and what was given up since."""
    known = backends.verdict
    assert known is not None, "it was found out before"
    yield from map(_tried, known.steps)
    for step in known.step_downs:
        path = str(data_dir.absolute() / verdict.FILE_NAME)
        params = {"backend": name_of(step.backend), "reason": step.reason, "at": step.at, "path": path}
        yield Finding("warning", "doctor_backend_given_up", {**params})
    if known.backends:
        yield Finding("ok", "doctor_backend_chosen", {"backend": name_of(backends.current())})
    else:
        yield Finding("bad", "doctor_backend_none")


def name_of(backend: Backend) -> str:
    """The way to compute in the language of the terminal."""
    language = output.language()
    name = say("doctor_backend_cpu", {}, language)
    if backend.variant:
        name = say("doctor_backend_variant", {"variant": backend.variant}, language)
    if backend.gpu_layers:
        name = f"{say('doctor_backend_gpu', {}, language)} + {name}"
    return name if backend.extra_buffers else say("doctor_backend_plain", {"backend": name}, language)


def _tried(step: Step) -> Finding:
    return Finding(
        "ok" if step.ending == "right" else "warning",
        CODES[step.ending],
        {
            "backend": name_of(step.backend),
            "variant": step.backend.variant,
            "extra_buffers": step.backend.extra_buffers,
            "gpu_layers": step.backend.gpu_layers,
            "ending": step.ending,
            "detail": step.detail[:MAX_DETAIL],
            "reading": step.reading_speed,
            "writing": step.writing_speed,
        },
    )
