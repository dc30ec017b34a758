"""Saved states of chats that are damaged or cannot be written: the answer is the right one, only later."""

import json
import os
import resource
import time
from pathlib import Path

from tests.commands.hearth import Hearth
from tests.faults import site

QUESTION = "Once upon a time there were many llamas. " * 12
NEXT = "And what then?"
WAIT_SECONDS = 30


def test_damaged_states_are_read_again_and_the_answer_is_the_same(hearth: Hearth) -> None:
    answers: dict[str, str] = {}
    with site.opened(hearth) as open_site:
        for number in range(6):
            person = site.sign_in(open_site.ann.visitor, "Ann", "tiny")
            assert person.answer(f"{number}. {QUESTION}").ending == "finished"
            answers[person.chat] = person.answer(NEXT).text
        wait_for_snapshots(hearth, 6)
    _whole, gone, short, flipped, one, other = snapshots(hearth)
    gone.unlink()
    os.truncate(short, short.stat().st_size // 2)
    flip(flipped)
    swap(one, other)
    known = []
    with site.opened(hearth) as open_site:
        for chat, text in answers.items():
            again = site.Person(open_site.ann.visitor, chat).answer_again()
            assert (again.ending, again.text) == ("finished", text)
            known.append(json.loads(again.said)["cached_tokens"])
        assert open_site.is_up()
    *damaged, whole = sorted(known)
    assert whole > 100
    assert damaged[-1] < 20


def test_a_disk_that_takes_nothing_costs_no_answer(hearth: Hearth) -> None:
    with site.opened(hearth) as open_site:
        assert open_site.ann.answer("Hello").ending == "finished"
        wait_for_snapshots(hearth, 1)
        for pid in open_site.workers("tiny"):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (4096, 4096))
        before = sizes(hearth)
        for _ in range(3):
            assert open_site.ann.answer(QUESTION).ending == "finished"
        assert open_site.workers("tiny")
        assert all(size in before for size in sizes(hearth))
        assert open_site.is_up()


def flip(file: Path) -> None:
    """One bit in the state itself."""
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


def swap(one: Path, other: Path) -> None:
    """Each in the place of the other."""
    contents = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(contents)


def snapshots(hearth: Hearth) -> list[Path]:
    """All files with states."""
    return sorted((hearth.data / "snapshots").rglob("*.snapshot"))


def sizes(hearth: Hearth) -> list[int]:
    """How long they are."""
    return [file.stat().st_size for file in snapshots(hearth)]


def wait_for_snapshots(hearth: Hearth, count: int) -> None:
    """Idle workers write in their own time."""
    deadline = time.monotonic() + WAIT_SECONDS
    while len(snapshots(hearth)) < count:
        assert time.monotonic() < deadline, "no states were written"
        time.sleep(0.05)
