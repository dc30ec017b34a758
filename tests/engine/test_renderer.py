"""The light child that renders: real processes, hostile templates."""

import asyncio
import os
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from app.engine.events import RenderedPrompt
from app.engine.renderer import RENDERER_TARGET, Limits, Renderer
from app.errors import BadFile, HearthError, InvalidInput, Unavailable
from app.worker.messages import Turn
from tests.worker.spm_vocabulary import write_spm_vocabulary

pytestmark = pytest.mark.anyio

HELLO = [Turn("user", "hi")]
SPIN = "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}"
# Jinja works out constants while it compiles, some even when it is told not to optimize.
EAT_WHILE_COMPILED = [
    "{{ 'x' * 600000000 }}",
    "{{ 'x' * 10 ** 10 }}",
    "{{ 'x' | center(600000000) }}",
    "{% autoescape 'x' * 600000000 %}{{ 'x' * 600000000 }}{% endautoescape %}",
]
EAT = "{% set x = namespace(s='x' * 1000000) %}{% for i in range(40) %}{% set x.s = x.s + x.s %}{% endfor %}"


@asynccontextmanager
async def renderer_of(
    path: Path, limits: Limits | None = None, target: str = RENDERER_TARGET
) -> AsyncGenerator[Renderer, None]:
    """Ended afterwards."""
    renderer = Renderer("tiny", path, target, limits or Limits())
    try:
        yield renderer
    finally:
        await renderer.close()


async def failure_of(renderer: Renderer) -> HearthError:
    """What rendering ends with."""
    with pytest.raises(HearthError) as failure:
        await renderer.render(HELLO)
    return failure.value


async def test_render_and_count_many_at_once(tiny_gguf: Path) -> None:
    async with renderer_of(tiny_gguf) as renderer:
        tokens = (await renderer.render(HELLO)).tokens
        answers = await asyncio.gather(*(renderer.count("How do I") for _ in range(5)), renderer.render(HELLO))
        assert answers[-1] == RenderedPrompt(tokens, 0)
        assert len(set(answers[:-1])) == 1


async def test_template_that_spins_is_killed_and_another_model_is_not_held_up(tmp_path: Path, tiny_gguf: Path) -> None:
    path = write_spm_vocabulary(tmp_path / "spin.gguf", SPIN)
    async with renderer_of(path, Limits(answer_seconds=1.0)) as spinning, renderer_of(tiny_gguf) as other:
        await other.count("warm")
        failing = asyncio.create_task(failure_of(spinning))
        assert await other.count("How do I") > 0
        error = await failing
        assert isinstance(error, Unavailable)
        assert (error.code, error.params) == ("template_too_slow", {"model": "tiny", "seconds": 1.0})
        assert not spinning.is_live
        assert await spinning.count("hi") > 0


async def test_template_that_eats_memory_is_refused(tmp_path: Path) -> None:
    async with renderer_of(write_spm_vocabulary(tmp_path / "eat.gguf", EAT)) as renderer:
        assert (await failure_of(renderer)).code in {"template_broken", "renderer_died"}


@pytest.mark.parametrize("source", EAT_WHILE_COMPILED)
async def test_template_that_eats_memory_while_it_is_compiled_is_refused(tmp_path: Path, source: str) -> None:
    async with renderer_of(write_spm_vocabulary(tmp_path / "eat.gguf", source)) as renderer:
        async with asyncio.timeout(20):
            error = await failure_of(renderer)
        assert (error.code, error.params["detail"]) == ("template_broken", "MemoryError")
        assert renderer.pid is not None
        assert await renderer.count("hi") > 0


async def test_template_that_spins_while_it_is_compiled_is_killed_as_one_that_spins_later(tmp_path: Path) -> None:
    path = write_spm_vocabulary(tmp_path / "spin.gguf", "{% autoescape 3 ** (10 ** 9) %}{% endautoescape %}")
    async with renderer_of(path, Limits(answer_seconds=1.0)) as renderer:
        assert (await failure_of(renderer)).code == "template_too_slow"


async def test_template_that_is_broken_is_the_files_fault(tmp_path: Path) -> None:
    async with renderer_of(write_spm_vocabulary(tmp_path / "bad.gguf", "{% for %}")) as renderer:
        assert isinstance(await failure_of(renderer), BadFile)


async def test_template_that_refuses_the_turns_is_the_requests_fault(tmp_path: Path) -> None:
    path = write_spm_vocabulary(tmp_path / "no.gguf", "{{ raise_exception('no') }}")
    async with renderer_of(path) as renderer:
        error = await failure_of(renderer)
        assert isinstance(error, InvalidInput)
        assert error.code == "template_refused"


async def test_file_that_is_no_model_is_told(tmp_path: Path) -> None:
    (tmp_path / "no.gguf").write_bytes(b"no model at all")
    async with renderer_of(tmp_path / "no.gguf") as renderer:
        assert (await failure_of(renderer)).code == "model_load_failed"


async def test_renderer_that_was_killed_while_idle_is_started_again_for_the_next_question(tiny_gguf: Path) -> None:
    async with renderer_of(tiny_gguf) as renderer:
        await renderer.count("hi")
        assert renderer.pid is not None
        os.kill(renderer.pid, signal.SIGKILL)
        assert await renderer.render(HELLO)


async def test_question_that_kills_each_renderer_is_asked_only_once_more(tmp_path: Path) -> None:
    births = tmp_path / "births"
    async with renderer_of(births, target="tests.engine.stub_children:mortal_renderer") as renderer:
        assert (await failure_of(renderer)).code == "renderer_died"
        assert births.read_text() == "x"
        assert await renderer.count("hi") == 2
        assert (await failure_of(renderer)).code == "renderer_died"
        assert births.read_text() == "xxx"
        assert await renderer.count("hi") == 2


async def test_question_that_nobody_waits_for_does_not_confuse_the_next(tmp_path: Path) -> None:
    path = write_spm_vocabulary(tmp_path / "spin.gguf", SPIN)
    async with renderer_of(path) as renderer:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await renderer.render(HELLO)
        assert await renderer.count("hi") > 0


async def test_idle_renderer_is_ended(tiny_gguf: Path) -> None:
    async with renderer_of(tiny_gguf) as renderer:
        await renderer.count("hi")
        await renderer.close_if_idle(60)
        assert renderer.is_live
        await renderer.close_if_idle(0)
        assert not renderer.is_live


async def test_a_prompt_format_is_used_instead_of_the_files_template(tiny_gguf: Path) -> None:
    renderer = Renderer("tiny", tiny_gguf, prompt_format="alpaca")
    try:
        async with renderer_of(tiny_gguf) as plain:
            assert await renderer.render(HELLO) != await plain.render(HELLO)
        assert "### Instruction:" in renderer.stop
    finally:
        await renderer.close()


async def test_an_unknown_prompt_format_is_refused_with_those_that_there_are(tiny_gguf: Path) -> None:
    renderer = Renderer("tiny", tiny_gguf, prompt_format="klingon")
    error = await failure_of(renderer)
    assert (error.code, error.params["name"]) == ("prompt_format_unknown", "klingon")
    assert not renderer.is_live


async def test_a_template_that_opens_the_reasoning_says_so(tmp_path: Path) -> None:
    source = "{{ messages[0].content }}{{ '<think>\\n' }}"
    async with renderer_of(write_spm_vocabulary(tmp_path / "thinks.gguf", source)) as renderer:
        assert (await renderer.render(HELLO)).opening == "<think>\n"
