"""The way to compute that truly works is found, whatever the others do: in real processes that really die."""

import asyncio
import json
from pathlib import Path

import pytest

from app.commands.parts import guide_path
from app.engine import candidates, probe, verdict
from app.engine.probe import ProbePlan
from app.engine.verdict import Step, Verdict
from app.engine.worker_process import WORKER_TARGET
from app.hardware import Gpu
from app.worker.messages import Backend
from tests.worker import stub_variants

STUB = "tests.engine.stub_probes:worker"
GOLDEN = Path(__file__).parent.parent / "guide/golden.json"


def plan(seconds: float = 30.0, target: str = STUB) -> ProbePlan:
    """A plan that asks stubs."""
    return ProbePlan(guide_path(), 1, seconds, target)


def tried(*backends: Backend, seconds: float = 30.0, target: str = STUB) -> Verdict:
    """The verdict on these."""
    return asyncio.run(probe.probe(plan(seconds, target), backends, "key"))


def ending(step: Step) -> tuple[str, str]:
    """How it ended."""
    return step.ending, step.detail


@pytest.mark.parametrize("name", ["SIGILL", "SIGSEGV", "SIGBUS", "SIGFPE", "SIGABRT", "SIGKILL"])
def test_a_child_that_dies_only_strikes_its_way_off(name: str) -> None:
    found = tried(Backend(variant=name), Backend(variant="right"))
    assert [ending(step) for step in found.steps] == [("died", name), ("right", "")]
    assert found.backends == (Backend(variant="right"),)


@pytest.mark.parametrize(
    ("manner", "expected"),
    [
        ("gibberish", ("wrong", "@@@@ÿ the the")),
        ("failing", ("wrong", "decode_failed: -3")),
        ("refused", ("refused", "backend_unusable: no such file")),
        ("leaving", ("died", "exit status 3")),
    ],
)
def test_a_child_that_does_not_give_the_right_text_only_strikes_its_way_off(
    manner: str, expected: tuple[str, str]
) -> None:
    found = tried(Backend(variant=manner), Backend(variant="right"))
    assert ending(found.steps[0]) == expected
    assert found.backends == (Backend(variant="right"),)


def test_a_child_that_sends_no_message_of_ours_is_struck_off() -> None:
    assert tried(Backend(variant="nonsense")).steps[0].ending == "wrong"


@pytest.mark.parametrize("manner", ["hung", "silent"])
def test_a_child_that_hangs_is_killed_and_struck_off(manner: str) -> None:
    assert [step.ending for step in tried(Backend(variant=manner), seconds=2.0).steps] == ["hung"]


def test_what_is_right_only_once_is_struck_off(tmp_path: Path) -> None:
    found = tried(Backend(variant="once", libraries=str(tmp_path / "seen")))
    assert [ending(step) for step in found.steps] == [("died", "SIGSEGV")]


def test_the_fastest_that_is_right_comes_first() -> None:
    found = tried(*(Backend(variant=f"right {speed}") for speed in (50, 90, 70)))
    assert [backend.variant for backend in found.backends] == ["right 90", "right 70", "right 50"]
    assert [step.writing_speed for step in found.steps] == [50, 90, 70]


@pytest.mark.parametrize(
    ("reading", "writing", "is_kept"), [(110, 190, True), (190, 110, True), (140, 140, True), (160, 160, False)]
)
def test_extra_buffers_are_kept_unless_all_is_clearly_faster_without_them(
    reading: float, writing: float, is_kept: bool
) -> None:
    plain = Step(Backend(extra_buffers=False), "right", "", reading, writing)
    found = Verdict("key", (plain, Step(Backend(), "right", "", 100, 100)), "")
    assert found.backends[0].extra_buffers is is_kept
    assert len(found.backends) == 2


def test_a_graphics_card_that_works_comes_first_however_fast_the_little_model_is() -> None:
    found = tried(Backend(variant="right 900"), Backend(gpu_layers=999, variant="right 100"))
    assert found.backends[0].gpu_layers == 999


def test_the_real_worker_gives_the_right_text() -> None:
    found = tried(Backend(), Backend(extra_buffers=False), target=WORKER_TARGET)
    assert {step.ending for step in found.steps} == {"right"}
    assert all(step.writing_speed > 0 and step.reading_speed > 0 for step in found.steps)


def test_what_is_asked_and_expected_is_what_the_guide_was_trained_to_say() -> None:
    record = json.loads(GOLDEN.read_text("utf-8"))["prompts"][0]
    assert record["messages"] == [{"role": "user", "content": "How do I download a model?"}]
    assert list(probe.PROMPT) == record["prompt_ids"]
    assert min(record["margins"][: probe.NUM_TOKENS]) > 8


@pytest.mark.skipif(stub_variants.COMPILER is None, reason="there is no C compiler to make variants with")
def test_variants_of_the_processor_are_loaded_and_those_that_fail_are_struck_off(tmp_path: Path) -> None:
    stub_variants.build(tmp_path)
    backends = candidates.candidates(tmp_path, [])
    found = asyncio.run(probe.probe(plan(30.0, "tests.worker.stub_variants:worker"), backends, "key"))
    endings = {step.backend.variant: ending(step) for step in found.steps if step.backend.extra_buffers}
    assert endings == {
        "illegal": ("died", "SIGILL"),
        "own": ("right", ""),
        "unsuited": ("refused", "backend_unusable: unsuited"),
    }
    assert {backend.variant for backend in found.backends} == {"own"}


def test_a_build_with_one_backend_is_tried_with_and_without_extra_buffers(tmp_path: Path) -> None:
    (tmp_path / "libggml-cpu.so").touch()
    (tmp_path / "libggml-cuda.so").touch()
    assert candidates.candidates(tmp_path, []) == [Backend(), Backend(extra_buffers=False)]
    assert candidates.candidates(None, []) == candidates.candidates(tmp_path, [])


def test_a_graphics_card_is_tried_where_the_build_can_use_it(tmp_path: Path) -> None:
    card = Gpu("a card", 1 << 30, 1 << 30)
    assert {backend.gpu_layers for backend in candidates.candidates(tmp_path, [card])} == {0}
    (tmp_path / "libggml-vulkan.so").touch()
    assert [backend.gpu_layers for backend in candidates.candidates(tmp_path, [card])] == [999, 999, 0, 0]


def test_the_key_changes_with_the_library_and_the_graphics_cards(tmp_path: Path) -> None:
    library = tmp_path / "libggml-cpu.so"
    library.write_bytes(b"one")
    before = candidates.box_key(tmp_path, [])
    assert candidates.box_key(tmp_path, []) == before
    assert candidates.box_key(tmp_path, [Gpu("a card", 1, 1)]) != before
    library.write_bytes(b"three")
    assert candidates.box_key(tmp_path, []) != before


def test_libraries_are_found_without_loading_them(tmp_path: Path) -> None:
    folder = candidates.libraries_folder({})
    assert folder is not None and list(folder.glob("libggml-cpu*.so"))
    assert candidates.libraries_folder({"LLAMA_CPP_LIB_PATH": str(tmp_path)}) == tmp_path


@pytest.mark.parametrize("content", [b"", b"{", b'{"key": 1}', b"\xff\xfe", b"[]"])
def test_a_verdict_that_cannot_be_read_is_none(content: bytes, tmp_path: Path) -> None:
    (tmp_path / verdict.FILE_NAME).write_bytes(content)
    assert verdict.load(tmp_path) is None


def test_a_verdict_is_kept_whole(tmp_path: Path) -> None:
    kept = tried(Backend(variant="right"), Backend(variant="SIGILL"))
    verdict.save(tmp_path, kept)
    assert verdict.load(tmp_path) == kept
    assert [file.name for file in tmp_path.iterdir()] == [verdict.FILE_NAME]


def test_a_data_folder_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    verdict.save(tmp_path / "data", Verdict("key", (), ""))
    assert not (tmp_path / "data").exists()


def test_a_disk_that_takes_nothing_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / f"{verdict.FILE_NAME}.part").mkdir()
    verdict.save(tmp_path, Verdict("key", (), ""))
    assert verdict.load(tmp_path) is None
