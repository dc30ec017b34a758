"""What has proved to work is used, is kept, and is given up when a worker dies of it."""

import asyncio
from pathlib import Path

from app.commands.parts import guide_path
from app.engine import verdict
from app.engine.backends import Backends
from app.engine.probe import ProbePlan
from app.engine.proven_backends import UNPROVEN, ProvenBackends
from app.engine.verdict import Step, Verdict
from app.worker.messages import Backend

STUB = ProbePlan(guide_path(), 1, 30.0, "tests.engine.stub_probes:worker")
NOBODY = ProbePlan(guide_path(), 1, 30.0, "tests.engine.stub_probes:nobody")
FAST, SLOW = Step(Backend(), "right", "", 10, 20), Step(Backend(extra_buffers=False), "right", "", 5, 10)


def test_llama_cpp_runs_as_it_comes_until_something_is_known(tmp_path: Path) -> None:
    backends: Backends = ProvenBackends(tmp_path)
    assert backends.current() == Backend()


def test_the_best_that_was_right_is_used(tmp_path: Path) -> None:
    crashed = Step(Backend(), "died", "SIGILL")
    verdict.save(tmp_path, Verdict("key", (crashed, SLOW), ""))
    assert ProvenBackends(tmp_path).current() == SLOW.backend


def test_a_worker_that_died_takes_its_way_down_after_a_restart_too(tmp_path: Path) -> None:
    verdict.save(tmp_path, Verdict("key", (FAST, SLOW), ""))
    backends = ProvenBackends(tmp_path)
    assert backends.step_down(FAST.backend, "SIGILL with a model") == SLOW.backend
    assert ProvenBackends(tmp_path).current() == SLOW.backend
    known = ProvenBackends(tmp_path).verdict
    assert known is not None
    assert [(one.backend, one.reason) for one in known.step_downs] == [(FAST.backend, "SIGILL with a model")]
    assert known.step_downs[0].at


def test_the_next_best_is_named_without_giving_anything_up(tmp_path: Path) -> None:
    verdict.save(tmp_path, Verdict("key", (SLOW, FAST), ""))
    backends = ProvenBackends(tmp_path)
    assert backends.following(FAST.backend) == SLOW.backend
    assert backends.following(SLOW.backend) is None
    assert backends.following(Backend(variant="unheard of")) is None
    assert backends.current() == FAST.backend


def test_there_is_nothing_left_below_the_last(tmp_path: Path) -> None:
    backends = ProvenBackends(tmp_path)
    assert backends.step_down(UNPROVEN[0], "SIGILL") == UNPROVEN[1]
    assert backends.step_down(UNPROVEN[1], "SIGILL") is None
    assert backends.step_down(UNPROVEN[1], "SIGILL") is None
    assert backends.current() == UNPROVEN[1]


def test_what_was_found_out_is_not_found_out_again(tmp_path: Path) -> None:
    first = asyncio.run(ProvenBackends(tmp_path).find_out(STUB))
    assert {step.ending for step in first.steps} == {"right"}
    assert asyncio.run(ProvenBackends(tmp_path).find_out(NOBODY)) == first


def test_what_was_found_out_elsewhere_is_found_out_again(tmp_path: Path) -> None:
    verdict.save(tmp_path, Verdict("another box", (SLOW,), ""))
    backends = ProvenBackends(tmp_path)
    backends.step_down(SLOW.backend, "SIGILL")
    found = asyncio.run(backends.find_out(STUB))
    assert found.key != "another box"
    assert found.step_downs == ()
    assert verdict.load(tmp_path) == found


def test_a_broken_file_is_found_out_again(tmp_path: Path) -> None:
    (tmp_path / verdict.FILE_NAME).write_text("{")
    found = asyncio.run(ProvenBackends(tmp_path).find_out(STUB))
    assert found.backends
    assert verdict.load(tmp_path) == found


def test_a_way_given_up_before_anything_was_known_stays_given_up(tmp_path: Path) -> None:
    backends = ProvenBackends(tmp_path)
    backends.step_down(Backend(), "SIGSEGV")
    asyncio.run(backends.find_out(STUB))
    assert backends.current() == Backend(extra_buffers=False)


def test_libraries_that_are_gone_are_not_asked_for(tmp_path: Path) -> None:
    gone = Step(Backend(libraries=str(tmp_path / "gone"), variant="haswell"), "right", "", 1, 1)
    verdict.save(tmp_path, Verdict("key", (gone,), ""))
    assert ProvenBackends(tmp_path).current() == Backend()
