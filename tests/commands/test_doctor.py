"""`hearth doctor`: what was tried, what is used, what was given up, and why."""

import json
import shutil
from collections import defaultdict
from pathlib import Path
from typing import Any

import msgspec
import pytest

from app.commands import doctor_backends
from app.engine import verdict
from app.engine.proven_backends import ProvenBackends
from app.engine.verdict import Step, Verdict
from app.worker.messages import Backend
from tests.commands.hearth import Hearth

BOXES = Path(__file__).parent.parent / "boxes"


@pytest.fixture
def known(hearth: Hearth, known_box: Path) -> Hearth:
    """A Hearth that knows its box already."""
    shutil.copytree(known_box, hearth.data)
    return hearth


def found_by(hearth: Hearth, *words: str, **settings: str) -> dict[str, list[dict[str, Any]]]:
    """The findings by their codes."""
    done = hearth.run("doctor", "--json", *words, **settings)
    findings: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for finding in json.loads(done.stdout):
        findings[finding["code"]].append(finding)
    return findings


def test_doctor_finds_out_what_works_and_keeps_it(hearth: Hearth) -> None:
    hearth.data.mkdir()
    found = found_by(hearth)
    tried = found["doctor_backend_right"]
    assert {one["extra_buffers"] for one in tried} == {True, False}
    assert all(one["writing"] > 0 and one["level"] == "ok" for one in tried)
    assert len(found["doctor_backend_chosen"]) == len(found["doctor_engine"]) == 1
    kept = verdict.load(hearth.data)
    assert kept is not None
    assert len(kept.steps) == len(tried)
    # A second look tells what is kept, and measures nothing again.
    assert found_by(hearth)["doctor_backend_right"] == tried


def test_doctor_tells_what_was_given_up_and_how_to_try_it_again(known: Hearth) -> None:
    backends = ProvenBackends(known.data)
    first = backends.current()
    backends.step_down(first, "llama-3.2-3b: SIGILL")
    found = found_by(known)
    (given_up,) = found["doctor_backend_given_up"]
    assert "llama-3.2-3b: SIGILL" in given_up["message"]
    assert str(known.data / verdict.FILE_NAME) in given_up["message"]
    (chosen,) = found["doctor_backend_chosen"]
    assert chosen["backend"] == doctor_backends.name_of(backends.current())
    assert backends.current() != first


def test_doctor_names_each_failure(known: Hearth) -> None:
    kept = verdict.load(known.data)
    assert kept is not None
    steps = (
        Step(Backend(variant="icelake"), "died", "SIGILL"),
        Step(Backend(variant="haswell"), "wrong", "@@@"),
        Step(Backend(gpu_layers=999), "hung"),
        Step(Backend(extra_buffers=False), "refused", "no such file"),
    )
    verdict.save(known.data, msgspec.structs.replace(kept, steps=steps))
    done = known.run("doctor")
    assert done.returncode == 1
    for words in ("variant icelake", "SIGILL", "variant haswell", "@@@", "graphics card", "hung", "no such file"):
        assert words in done.stdout
    assert "no way to compute works here" in done.stdout


def test_doctor_makes_no_data_folder(hearth: Hearth) -> None:
    assert found_by(hearth)["doctor_backend_right"]
    assert not hearth.data.exists()


def test_doctor_tells_of_the_cache_of_zfs_and_of_graphics_cards(known: Hearth) -> None:
    found = found_by(known, "--root", str(BOXES / "truenas-zfs"))
    assert found["doctor_memory_arc"][0]["arc"] == "5.5 GiB"
    (card,) = [*found["doctor_gpu"], *found["doctor_gpu_unused"]]
    assert "Radeon RX 7800 XT" in card["message"]


@pytest.mark.parametrize("language", ["C.UTF-8", "zh_CN.UTF-8"])
def test_doctor_speaks_the_language_of_the_terminal(known: Hearth, language: str) -> None:
    done = known.run("doctor", LANG=language, LC_ALL=language)
    assert ("已试" in done.stdout) is language.startswith("zh")


def test_every_way_has_a_name_of_its_own() -> None:
    ways = [
        Backend(extra, layers, "/lib" if variant else "", variant)
        for extra in (True, False)
        for layers in (0, 999)
        for variant in ("", "haswell")
    ]
    assert len({doctor_backends.name_of(way) for way in ways}) == len(ways)


def test_findings_need_no_more_than_a_verdict(tmp_path: Path) -> None:
    verdict.save(tmp_path, Verdict("key", (Step(Backend(), "right", "", 10, 5),), ""))
    findings = list(doctor_backends.backend_findings(ProvenBackends(tmp_path), tmp_path))
    assert [finding.code for finding in findings] == ["doctor_backend_right", "doctor_backend_chosen"]
