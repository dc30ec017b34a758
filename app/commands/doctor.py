"""`hearth doctor`: what this box is and what will work on it, each finding with a level and a sentence."""

import asyncio
import json
import os
import platform
import shutil
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

import typer

from app import hardware
from app.commands import output, parts
from app.commands.doctor_backends import backend_findings, gpu_findings
from app.commands.finding import Finding
from app.engine.box import Box
from app.engine.events import Finished, GenerationRequest
from app.engine.pool import Pool
from app.engine.probe import ProbePlan
from app.engine.proven_backends import ProvenBackends
from app.errors import HearthError, Param
from app.services.library import GUIDE_NAME
from app.settings import Settings
from app.store.database import Database
from app.words.say import say
from app.worker.messages import Sampling, Turn

SHOWN_FEATURES = ("sse4_2", "avx", "avx2", "fma", "f16c", "avx512f", "avx512_vnni", "avx512_bf16", "amx_tile", "asimd")
MARKS = {"ok": ("✓", "green"), "warning": ("!", "yellow"), "bad": ("✗", "red")}
TEST_TOKENS = 48


def doctor(as_json: bool, root: Path) -> None:
    """Print the findings; exit status 1 when something will not work. `root` holds another machine's /proc and /sys."""
    findings = list(_findings(root))
    if as_json:
        shown = [{"level": one.level, "code": one.code, **one.params, "message": one.sentence} for one in findings]
        output.console.print_json(json.dumps(shown, ensure_ascii=False))
    else:
        for one in findings:
            mark, style = MARKS[one.level]
            output.console.print(mark, style=style, end=" ")
            output.console.print(one.sentence, markup=False)
    if any(one.level == "bad" for one in findings):
        raise typer.Exit(1)


def _findings(root: Path) -> Iterator[Finding]:
    yield Finding(
        "ok",
        "doctor_version",
        {"version": version("hearth"), "python": platform.python_version(), "system": platform.platform(terse=True)},
    )
    yield _processor(root)
    yield _threads(root)
    yield from _memory(root)
    yield from gpu_findings(root)
    if root != hardware.ROOT:
        return
    chosen = parts.settings()
    yield _data_dir(chosen.data_dir)
    yield from _models(chosen)
    yield _guarded("doctor_database_broken", lambda: _database(chosen))
    backends = ProvenBackends(chosen.data_dir)
    asyncio.run(backends.find_out(ProbePlan(parts.guide_path(), parts.threads(chosen))))
    yield from backend_findings(backends, chosen.data_dir)
    yield _guarded("doctor_engine_broken", lambda: asyncio.run(_engine(chosen, backends)))


def _guarded(code: str, look: Callable[[], Finding]) -> Finding:
    try:
        return look()
    except HearthError as error:
        return Finding("bad", code, {"problem": output.sentence_of(error)})


def _processor(root: Path) -> Finding:
    cpu = hardware.processor(root)
    model = cpu.model or platform.processor() or platform.machine()
    features = [name for name in SHOWN_FEATURES if name in cpu.features]
    if "sse4_2" in features and "avx2" not in features:
        return Finding("warning", "doctor_cpu_plain", {"model": model, "features": ", ".join(features)})
    return Finding("ok", "doctor_cpu", {"model": model, "features": ", ".join(features) or platform.machine()})


def _threads(root: Path) -> Finding:
    budget = hardware.cpu_budget(root)
    return Finding(
        "ok",
        f"doctor_threads_{budget.reason}",
        {
            "threads": budget.threads,
            "online": budget.online,
            "affinity": budget.affinity,
            "cpuset": budget.cpuset or budget.affinity,
            "quota": budget.quota or float(budget.affinity),
        },
    )


def _memory(root: Path) -> Iterator[Finding]:
    memory = hardware.memory(root)
    params: dict[str, Param] = {
        "available": output.size(memory.available_bytes),
        "total": output.size(memory.total_bytes),
        "available_bytes": memory.available_bytes,
    }
    if memory.limit_bytes is None:
        yield Finding("ok", "doctor_memory", params)
    else:
        yield Finding("ok", "doctor_memory_limited", {**params, "limit": output.size(memory.limit_bytes)})
    if memory.arc_bytes:
        yield Finding("ok", "doctor_memory_arc", {"arc": output.size(memory.arc_bytes), "arc_bytes": memory.arc_bytes})


def _data_dir(folder: Path) -> Finding:
    existing = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    params: dict[str, Param] = {"path": str(folder.absolute()), "uid": os.getuid()}
    if not os.access(existing, os.W_OK | os.X_OK):
        return Finding("bad", "doctor_data_dir_unwritable", params)
    kind = hardware.network_file_system(existing)
    if kind is not None:
        return Finding("warning", "doctor_data_dir_network", {**params, "kind": kind})
    return Finding("ok", "doctor_data_dir", {**params, "free": output.size(shutil.disk_usage(existing).free)})


def _models(chosen: Settings) -> Iterator[Finding]:
    folder = chosen.models_dir.absolute()
    if not folder.is_dir():
        yield Finding("warning", "doctor_models_dir_missing", {"path": str(folder)})
        return
    models = [model for model in parts.library(chosen).models() if not model.is_guide]
    free = output.size(shutil.disk_usage(folder).free)
    yield Finding("ok", "doctor_models_dir", {"path": str(folder), "count": len(models), "free": free})
    for model in models:
        if model.problem is not None:
            problem = say(model.problem, model.problem_params, output.language())
            yield Finding("warning", "doctor_model_problem", {"name": model.name, "problem": problem})


def _database(chosen: Settings) -> Finding:
    database = Database(chosen.sqlalchemy_url)
    database.check()
    database.close()
    if database.file is not None and not database.file.exists():
        return Finding("ok", "doctor_database_none", {"url": str(database.file)})
    return Finding("ok", "doctor_database", {"url": str(database.file or "PostgreSQL")})


async def _engine(chosen: Settings, backends: ProvenBackends) -> Finding:
    """Let the Guide write a few words, greedily, and measure it."""
    guide = parts.library(chosen).find(GUIDE_NAME)
    without_snapshots = chosen.model_copy(update={"snapshot_disk_mb": 0, "snapshot_memory_mb": 0})
    pool = Pool(without_snapshots, Box(lambda: parts.threads(chosen), backends))
    speed = 0.0
    try:
        tokens = (await pool.render(guide, [Turn("user", "What is Hearth?")])).tokens
        request = GenerationRequest("doctor", tokens, TEST_TOKENS, Sampling(temperature=0))
        async for event in pool.generate(guide, request):
            if isinstance(event, Finished):
                speed = event.tokens_per_second
    finally:
        await pool.close()
    return Finding("ok", "doctor_engine", {"speed": round(speed, 1), "threads": parts.threads(chosen)})
