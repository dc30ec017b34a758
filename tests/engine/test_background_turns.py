"""What Hearth asks for itself: behind everybody, and gone as soon as somebody comes."""

import pytest

from app.errors import Busy
from tests.engine.line import Line

pytestmark = pytest.mark.anyio


async def test_background_waits_until_no_person_waits_or_runs() -> None:
    line = Line(slots=2)
    line.join("ann")
    background = line.join("hearth", is_background=True)
    assert not background.has_turn
    line.finish_first()
    assert background.has_turn


async def test_background_ends_as_soon_as_somebody_comes_whose_turn_it_is_at_once() -> None:
    line = Line(slots=1)
    ended: list[str] = []
    background = line.join("hearth", is_background=True)
    background.on_preempted = lambda: ended.append("hearth")
    assert background.has_turn
    assert line.join("ann").has_turn
    assert (ended, background.is_preempted) == (["hearth"], True)
    line.queue.leave(background)
    assert line.queue.num_running("model") == 1


async def test_background_takes_no_room_from_people_and_is_no_turn_of_theirs() -> None:
    line = Line(slots=1, max_waiting=1)
    line.join("ann", is_background=True)
    line.join("ann", is_background=True)
    line.queue.check_room()
    with pytest.raises(Busy):
        line.join("ann", is_background=True)
    line.join("ben")
    assert line.join("ann").position == 1
    assert line.queue.num_waiting("model") == 1
