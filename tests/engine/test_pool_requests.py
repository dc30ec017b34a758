"""What a worker is told: the model's options, the settings, whose chat it is; and what becomes of Hearth's own work."""

import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from app.engine.events import Delta, Finished, GenerationRequest, Loading, ModelFile, ModelOptions, Queued
from app.errors import Busy, TooLarge
from app.worker.messages import Backend, Draft, Lora, Rope
from tests.engine.party import FINISHES, STAYS, TELLS, Asked, Scales, ask, pool_of, stub_model, told

pytestmark = pytest.mark.anyio

PLAIN = Backend(extra_buffers=False)


async def test_settings_hold_where_the_model_has_no_options(tmp_path: Path) -> None:
    async with pool_of(kv_type="q4_0", draft="lookup", data_dir=tmp_path) as pool:
        load = (await told(pool, stub_model())).load
        assert (load.kv_type, load.draft, load.backend, load.snapshots) == ("q4_0", Draft("lookup"), Backend(), None)


async def test_options_of_the_model_win(tmp_path: Path) -> None:
    options = ModelOptions(
        kv_type="q8_0",
        use_mmap=False,
        gpu_layers=3,
        rope=Rope("yarn", 2.0),
        loras=(Lora("/adapter.gguf", 0.5),),
        draft=Draft("off"),
    )
    async with pool_of(kv_type="q4_0", data_dir=tmp_path) as pool:
        load = (await told(pool, replace(stub_model(), options=options))).load
        assert (load.kv_type, load.use_mmap, load.backend.gpu_layers) == ("q8_0", False, 3)
        assert (load.rope, load.loras, load.draft) == (options.rope, options.loras, Draft("off"))


async def test_states_are_kept_for_a_known_file_under_a_name_of_all_they_depend_on(tmp_path: Path) -> None:
    known = replace(stub_model(), fingerprint="abc")
    identities = []
    async with pool_of(data_dir=tmp_path, snapshot_disk_mb=7) as pool:
        for model in (known, replace(known, options=ModelOptions(kv_type="q8_0")), replace(known, fingerprint="xyz")):
            await pool.unload("good")
            plan = (await told(pool, model)).load.snapshots
            assert plan is not None
            assert (plan.folder, plan.disk_bytes) == (str(tmp_path / "snapshots"), 7 * 2**20)
            identities.append(plan.identity)
    assert len(set(identities)) == 3


async def test_no_states_are_kept_where_nothing_may_be(tmp_path: Path) -> None:
    async with pool_of(data_dir=tmp_path, snapshot_disk_mb=0, snapshot_memory_mb=0) as pool:
        assert (await told(pool, replace(stub_model(), fingerprint="abc"))).load.snapshots is None


async def test_worker_is_told_whose_chat_it_is() -> None:
    request = GenerationRequest("ann", (TELLS,), 500, chat="c1", num_shared=1, slides=True)
    async with pool_of() as pool:
        generate = (await told(pool, stub_model(), request)).generate
        assert (generate.owner, generate.chat, generate.num_shared, generate.slides) == ("ann", "c1", 1, True)
        assert generate.max_tokens == 500
        assert (await told(pool, stub_model(), replace(request, slides=False))).generate.max_tokens == 63


async def test_first_words_of_an_answer_that_the_prompt_has_said_come_first() -> None:
    async with pool_of() as pool:
        asked = Asked(pool, stub_model(), GenerationRequest("ann", (FINISHES,), 10, opening="<think>"))
        await asked.end()
        assert asked.text == "<think>hi"


async def test_forgotten_chat_is_dropped_by_the_worker_and_on_disk(tmp_path: Path) -> None:
    async with pool_of(data_dir=tmp_path / "data") as pool:
        model = ModelFile("good", tmp_path / "good.gguf", 64)
        await ask(pool, FINISHES, model=model).end()
        await pool.forget("ann", "c1")
        await ask(pool, FINISHES, model=model).end()
        assert (tmp_path / "forgotten").read_text() == "ann c1"


async def test_background_makes_way_as_soon_as_somebody_comes() -> None:
    async with pool_of(slots=1) as pool:
        background = ask(pool, STAYS, "hearth", is_background=True)
        await background.until(Delta)
        asked = ask(pool, FINISHES)
        await asked.end()
        assert not any(isinstance(event, Queued) for event in asked.events)
        with pytest.raises(Busy, match="preempted"):
            await background.end()


async def test_background_runs_after_everybody() -> None:
    async with pool_of(slots=2) as pool:
        writing = ask(pool, STAYS)
        await writing.until(Delta)
        background = ask(pool, FINISHES, "hearth", is_background=True)
        await background.until(Queued)
        await ask(pool, FINISHES, "ben").end()
        await ask(pool, FINISHES, "ben", stub_model("other")).end()
        assert not any(isinstance(event, Delta | Finished) for event in background.events)
        await writing.leave()
        await background.end()


async def test_background_that_waits_for_a_load_makes_way_too() -> None:
    async with pool_of(slots=1) as pool:
        background = ask(pool, STAYS, "hearth", is_background=True)
        asked = ask(pool, FINISHES)
        await asked.end()
        with pytest.raises(Busy, match="preempted"):
            await background.end()


class Ladder:
    """Two ways to compute, and what was given up."""

    def __init__(self) -> None:
        self.given_up: list[tuple[Backend, str]] = []

    def current(self) -> Backend:
        return PLAIN if self.given_up else Backend()

    def following(self, backend: Backend) -> Backend | None:
        return PLAIN if backend == Backend() else None

    def step_down(self, backend: Backend, reason: str) -> Backend | None:
        self.given_up.append((backend, reason))
        return PLAIN


@pytest.mark.parametrize(("name", "signal_name"), [("plain-only", "SIGILL"), ("plain-only-later", "SIGSEGV")])
async def test_way_to_compute_that_kills_the_worker_is_given_up_and_the_reply_goes_on(
    name: str, signal_name: str
) -> None:
    ladder = Ladder()
    async with pool_of(backends=ladder) as pool:
        asked = ask(pool, FINISHES, model=stub_model(name))
        await asked.end()
        assert asked.text == "hi"
        assert ladder.given_up == [(Backend(), f"{name}: {signal_name}")]
        assert (await told(pool, stub_model("other"))).load.backend == PLAIN


async def test_file_that_kills_every_worker_gives_no_way_up_and_is_refused() -> None:
    ladder = Ladder()
    async with pool_of(backends=ladder) as pool:
        for code in ("worker_died_illegal_instruction", "worker_died_illegal_instruction", "model_keeps_crashing"):
            with pytest.raises(Exception, match=code):
                await ask(pool, FINISHES, model=stub_model("dies-loading")).end()
        assert ladder.given_up == []


async def test_kill_is_no_fault_of_the_way_to_compute() -> None:
    ladder = Ladder()
    async with pool_of(backends=ladder) as pool:
        loading = ask(pool, FINISHES, model=stub_model("loads-for-ever"))
        while await loading.until(Loading) and Loading(0.5) not in loading.events:
            await loading.news()
        (resident,) = pool._residents
        assert resident.process is not None and resident.process.pid is not None
        os.kill(resident.process.pid, signal.SIGKILL)
        with pytest.raises(Exception, match="worker_died"):
            await loading.end()
        assert ladder.given_up == []


class Cards:
    """A box whose graphics cards work."""

    def current(self) -> Backend:
        return Backend(gpu_layers=999)

    def following(self, backend: Backend) -> Backend | None:  # noqa: ARG002
        return None

    def step_down(self, backend: Backend, reason: str) -> Backend | None:  # noqa: ARG002
        return None


@pytest.mark.parametrize(("gpu_gib", "layers"), [(8.0, 999), (4.0, 18), (0.0, 0)])
async def test_as_many_layers_as_have_room_go_to_the_graphics_cards(gpu_gib: float, layers: int) -> None:
    planner = Scales(gib=8, num_layers=40)
    async with pool_of(backends=Cards(), planner=planner, room_gib=9, gpu_gib=gpu_gib) as pool:
        assert (await told(pool, stub_model())).load.backend.gpu_layers == layers


async def test_model_that_fits_the_graphics_cards_needs_no_room_beside_them() -> None:
    async with pool_of(backends=Cards(), planner=Scales(gib=30), room_gib=5, gpu_gib=40) as pool:
        assert (await told(pool, stub_model())).load.context_tokens == 64
        chosen = replace(stub_model("other"), options=ModelOptions(gpu_layers=0))
        with pytest.raises(TooLarge):
            await pool.context_tokens(chosen)
