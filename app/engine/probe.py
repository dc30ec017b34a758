"""Finds the way to compute that truly works here: each one is tried in a child of its own, with the built-in Guide.

A child that dies, hangs or writes something else than the right text only strikes its way off.
"""

import asyncio
import itertools
import logging
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from app.child import FrameTooLarge
from app.engine.link import Link
from app.engine.verdict import Step, Verdict
from app.engine.worker_process import WORKER_TARGET
from app.worker import messages
from app.worker.messages import Backend, Delta, Failed, Finished, Generate, Load, LoadFailed, Numbers, Sampling

log = logging.getLogger(__name__)

# "How do I download a model?" in the Guide's own format, and how its answer begins. Each of these tokens is far
# likelier than the next best (tests/guide/golden.json has by how much): rounding does not change them.
PROMPT = (4091, 4093, 1496, 4094, 967, 644, 297, 321, 486, 257, 283, 30, 4095, 4093, 341, 1015, 4094, 967)
EXPECTED = (
    "1. Find a GGUF file, on huggingface.co for example: search for "
    '"Llama 3.2 3B Instruct GGUF" and download the **Q4_K_M** file.\n2. Put the file in the models folder'
)
NUM_TOKENS = 48
# The best of several runs counts, some time apart: what else runs on the box only ever makes one slower.
NUM_ROUNDS = 2
NUM_RUNS = 3
# A prompt to read for the speed alone.
LONG_PROMPT = PROMPT * 10
CONTEXT_TOKENS = 512
BATCH_TOKENS = 256
CANDIDATE_SECONDS = 60.0
GRACE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class ProbePlan:
    """What is asked: the model, how many threads, how long one way may take, and the child to ask."""

    guide: Path
    threads: int
    seconds: float = CANDIDATE_SECONDS
    target: str = WORKER_TARGET


async def probe(plan: ProbePlan, backends: Sequence[Backend], key: str) -> Verdict:
    """Try every one of `backends`, one after the other, and those that were right once more."""
    steps = [await try_backend(plan, backend) for backend in backends]
    for _ in range(NUM_ROUNDS - 1):
        steps = [await _again(plan, step) for step in steps]
    for step in steps:
        log.info("Tried %s: %s %s", step.backend, step.ending, step.detail or f"{step.writing_speed:.0f} tokens/s")
    return Verdict(key, tuple(steps), datetime.now(UTC).isoformat(timespec="seconds"))


async def _again(plan: ProbePlan, step: Step) -> Step:
    """The better of two tries; what was not right once is not right."""
    if step.ending != "right":
        return step
    other = await try_backend(plan, step.backend)
    if other.ending != "right":
        return other
    reading, writing = max(step.reading_speed, other.reading_speed), max(step.writing_speed, other.writing_speed)
    return Step(step.backend, "right", "", reading, writing)


async def try_backend(plan: ProbePlan, backend: Backend) -> Step:
    """One way, in one child, from its start to its end."""
    try:
        link = await Link.open(plan.target, "probe")
    except OSError as error:
        return Step(backend, "refused", str(error))
    try:
        async with asyncio.timeout(plan.seconds):
            return await _ask(link, plan, backend)
    except TimeoutError:
        return Step(backend, "hung")
    except EOFError:
        return Step(backend, "died", _cause(await link.close(GRACE_SECONDS)))
    except (FrameTooLarge, msgspec.DecodeError) as error:
        return Step(backend, "wrong", str(error))
    finally:
        # A child that is still there has nothing to save.
        link.kill()
        await link.close(GRACE_SECONDS)


async def _ask(link: Link, plan: ProbePlan, backend: Backend) -> Step:
    load = Load(str(plan.guide), CONTEXT_TOKENS, 1, BATCH_TOKENS, plan.threads, backend=backend)
    await link.send(messages.write(load))
    while not isinstance(message := await _next(link), messages.Loaded):
        if isinstance(message, LoadFailed):
            return Step(backend, "refused", f"{message.code}: {message.detail}")
    reading, writing = [], []
    owners = (f"probe {number}" for number in itertools.count())  # Nothing that was read for one serves another.
    for _ in range(NUM_RUNS):
        text, numbers = await _generate(link, next(owners), PROMPT, NUM_TOKENS)
        if text != EXPECTED:
            return Step(backend, "wrong", text)
        writing.append(numbers.completion_tokens / max(numbers.writing_seconds, 1e-9))
        _, numbers = await _generate(link, next(owners), LONG_PROMPT, 1)
        reading.append(numbers.prompt_tokens / max(numbers.reading_seconds, 1e-9))
    return Step(backend, "right", "", round(max(reading), 1), round(max(writing), 1))


async def _generate(link: Link, owner: str, tokens: Sequence[int], max_tokens: int) -> tuple[str, Numbers]:
    """What is written greedily; a failure is shown as the text."""
    request = Generate(owner, list(tokens), max_tokens, Sampling(temperature=0), owner=owner)
    await link.send(messages.write(request))
    text = ""
    while True:
        match await _next(link):
            case Delta(_, piece):
                text += piece
            case Finished(_, _, numbers):
                return text, numbers
            case Failed(_, code, detail):
                return f"{code}: {detail}", Numbers(0, 0, 0, 0.0, 0.0)
            case _:
                pass


async def _next(link: Link) -> messages.FromWorker:
    return messages.read_from_worker(await link.receive())


def _cause(status: int) -> str:
    """Such as SIGILL."""
    if status >= 0:
        return f"exit status {status}"
    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"signal {-status}"
