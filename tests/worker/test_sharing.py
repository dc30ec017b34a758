"""Prefixes across slots, owners and snapshots, on a fake llama."""

from pathlib import Path

import pytest

from app.worker.messages import Generate, Sampling, SnapshotPlan
from app.worker.scheduler import Parts
from app.worker.snapshots import Snapshots
from tests.worker.desk import Desk
from tests.worker.fake_llama import FakeLlama

SYSTEM = list(range(100, 140))
GREEDY = Sampling(temperature=0)


def new_desk(snapshots: Snapshots | None = None, slots: int = 2, is_whole_only: bool = False) -> Desk:
    """Long contexts, so that prefixes are worth something."""
    llama = FakeLlama(slots, 256, 64, is_whole_only=is_whole_only, saves_whole=is_whole_only)
    return Desk(llama, parts=Parts(snapshots))


@pytest.fixture
def snapshots(tmp_path: Path) -> Snapshots:
    """In memory only."""
    return Snapshots(SnapshotPlan(str(tmp_path), "fake", 1 << 20, 0))


def ask(
    desk: Desk,
    chat: str,
    tokens: list[int],
    owner: str = "ann",
    num_shared: int = 0,
    is_background: bool = False,
    max_tokens: int = 2,
) -> str:
    """Submit the next turn of a chat; its name."""
    request = f"{chat} {len(desk.said)}"
    desk.scheduler.submit(
        Generate(
            request,
            tokens,
            max_tokens,
            GREEDY,
            owner=owner,
            chat=chat,
            num_shared=num_shared,
            is_background=is_background,
        )
    )
    return request


def cached(desk: Desk, request: str) -> int:
    """How many of its tokens were found."""
    finished = desk.finished(request)
    assert finished is not None
    return finished.numbers.cached_tokens


def answer(desk: Desk, chat: str, tokens: list[int], owner: str = "ann", num_shared: int = 0) -> int:
    """Ask, wait, and tell how many tokens were found."""
    request = ask(desk, chat, tokens, owner, num_shared)
    desk.run()
    return cached(desk, request)


def test_prefix_in_another_slot_is_copied() -> None:
    desk = new_desk()
    answer(desk, "one", [*SYSTEM, 1, 2])
    assert answer(desk, "two", [*SYSTEM, 3, 4]) == len(SYSTEM)
    assert desk.llama.copies == [(0, 1)]
    assert answer(desk, "one", [*SYSTEM, 1, 2, 2, 5]) == len(SYSTEM) + 3, "the first chat has kept its place"


def test_few_tokens_are_read_rather_than_copied() -> None:
    desk = new_desk()
    answer(desk, "one", [*SYSTEM[:10], 1, 2])
    assert answer(desk, "two", [*SYSTEM[:10], 3, 4]) == 0
    assert desk.llama.copies == []


def test_text_of_one_owner_is_never_used_for_another() -> None:
    desk = new_desk()
    answer(desk, "one", [*SYSTEM, 1, 2])
    assert answer(desk, "two", [*SYSTEM, 1, 2, 3], owner="bob") == 0


def test_system_prompt_is_used_for_another_owner_and_nothing_behind_it() -> None:
    desk = new_desk()
    answer(desk, "one", [*SYSTEM, 1, 2])
    assert answer(desk, "two", [*SYSTEM, 1, 2, 3], owner="bob", num_shared=len(SYSTEM)) == len(SYSTEM)


def test_slot_of_another_owner_is_not_continued_in_place() -> None:
    desk = new_desk(slots=1)
    answer(desk, "", [*SYSTEM, 1, 2])
    assert answer(desk, "", [*SYSTEM, 1, 2, 3], owner="bob", num_shared=30) == 30


def test_who_asks_while_the_same_beginning_is_read_waits_for_it() -> None:
    long_system = list(range(1, 200))
    desk = new_desk(slots=3)
    names = [ask(desk, name, [*long_system, 250 + place]) for place, name in enumerate(("one", "two", "three"))]
    desk.step()
    assert (desk.scheduler.num_active, desk.scheduler.num_waiting) == (1, 2)
    desk.run()
    assert cached(desk, names[0]) == 0
    assert min(cached(desk, name) for name in names[1:]) >= 128


def test_chat_that_was_driven_out_comes_back_from_a_snapshot(snapshots: Snapshots) -> None:
    desk = new_desk(snapshots, slots=1)
    answer(desk, "one", [*SYSTEM, 1, 2])
    answer(desk, "two", list(range(1, 50)))
    assert answer(desk, "one", [*SYSTEM, 1, 2, 2, 9]) == len(SYSTEM) + 3
    assert desk.llama.cells[0][: len(SYSTEM)] == SYSTEM


def test_without_snapshots_what_is_driven_out_is_read_again() -> None:
    desk = new_desk(slots=1)
    answer(desk, "one", [*SYSTEM, 1, 2])
    answer(desk, "two", list(range(1, 50)))
    assert answer(desk, "one", [*SYSTEM, 1, 2, 2, 9]) == 0


def test_text_of_no_chat_is_never_saved(snapshots: Snapshots) -> None:
    desk = new_desk(snapshots, slots=1)
    answer(desk, "", [*SYSTEM, 1, 2])
    assert not desk.scheduler.prefixes.has_unsaved
    answer(desk, "", list(range(1, 50)))
    assert answer(desk, "", [*SYSTEM, 1, 2, 2, 9]) == 0


def test_what_rests_is_saved_one_by_one_and_then_written_out(snapshots: Snapshots) -> None:
    desk = new_desk(snapshots)
    answer(desk, "one", [*SYSTEM, 1, 2])
    answer(desk, "two", list(range(1, 50)))
    for _ in range(3):
        assert desk.scheduler.prefixes.has_unsaved
        desk.scheduler.prefixes.save_next()
    assert not desk.scheduler.prefixes.has_unsaved
    assert snapshots.find("ann", "two", list(range(1, 50)), whole=False, at_least=40) is not None


def test_forgotten_chat_is_nowhere_any_more(snapshots: Snapshots) -> None:
    desk = new_desk(snapshots)
    answer(desk, "one", [*SYSTEM, 1, 2])
    desk.scheduler.prefixes.save_next()
    running = ask(desk, "one", [*SYSTEM, 1, 2, 2, 3], max_tokens=50)
    desk.step(2)
    desk.scheduler.forget("ann", "one")
    assert desk.reason(running) == "stopped"
    assert desk.llama.cells[0] == []
    assert snapshots.find("ann", "one", SYSTEM, whole=False, at_least=0) is None
    assert answer(desk, "one", [*SYSTEM, 1, 2, 2, 9]) == 0


def test_background_works_on_the_prefix_of_its_chat_and_leaves_it_there() -> None:
    desk = new_desk()
    answer(desk, "one", [*SYSTEM, 1, 2])
    request = ask(desk, "one", [*SYSTEM, 1, 2, 2, 50, 51], is_background=True)
    desk.run()
    assert cached(desk, request) == len(SYSTEM) + 3
    assert answer(desk, "one", [*SYSTEM, 1, 2, 2, 9]) == len(SYSTEM) + 3


def test_background_that_would_overwrite_its_chat_takes_an_empty_slot() -> None:
    desk = new_desk()
    answer(desk, "one", [*SYSTEM, *range(1, 31)])
    ask(desk, "one", [*SYSTEM, 200, 201], is_background=True)
    desk.run()
    assert desk.llama.copies == [(0, 1)]
    assert answer(desk, "one", [*SYSTEM, *range(1, 31), 30, 9]) == len(SYSTEM) + 31


def test_background_saves_what_it_overwrites(snapshots: Snapshots) -> None:
    desk = new_desk(snapshots, slots=1)
    answer(desk, "one", [*SYSTEM, *range(1, 61)])
    ask(desk, "two", [200, 201, 202], is_background=True)
    desk.run()
    assert answer(desk, "one", [*SYSTEM, *range(1, 61), 60, 9]) == len(SYSTEM) + 61


def test_slot_that_background_used_is_given_away_first() -> None:
    desk = new_desk(slots=3)
    for name, first in (("one", 10), ("two", 50)):
        answer(desk, name, list(range(first, first + 40)))
    ask(desk, "three", list(range(150, 190)), is_background=True)
    desk.run()
    answer(desk, "four", list(range(200, 240)))
    assert desk.llama.cells[2][0] == 200


def test_people_start_before_what_hearth_asks_for_itself() -> None:
    desk = new_desk(slots=1)
    first = ask(desk, "zero", [5, 6], max_tokens=3)
    desk.step()
    background = ask(desk, "one", [1, 2, 3], is_background=True)
    person = ask(desk, "two", [4, 5, 6])
    while desk.finished(person) is None:
        assert desk.finished(background) is None
        desk.step()
    desk.run()
    assert desk.finished(background) is not None and desk.finished(first) is not None


def test_whole_state_is_continued_but_never_cut() -> None:
    desk = new_desk(is_whole_only=True)
    answer(desk, "one", [*SYSTEM, 1, 2])
    assert answer(desk, "one", [*SYSTEM, 1, 2, 2, 9]) == len(SYSTEM) + 3
    assert answer(desk, "one", [*SYSTEM, 1, 7]) == 0
    assert desk.llama.copies == []
