"""What is said while an answer waits."""

import pytest

from app.engine.events import Delta, Loading, Queued, Reading
from app.services.reply import Reply
from app.services.reply_events import ReplyEvents
from app.ui.following import Waiting
from app.ui.waiting import waiting_state
from app.words.say import CHINESE, ENGLISH


@pytest.mark.parametrize(
    ("waiting", "status", "fraction"),
    [
        (None, "Getting ready …", -1),
        (Queued(3, None), "Waiting for a turn: place 3", -1),
        (Queued(1, 0.2), "Waiting for a turn: place 1, about 1 s", -1),
        (Queued(2, 89.6), "Waiting for a turn: place 2, about 90 s", -1),
        (Queued(5, 200.0), "Waiting for a turn: place 5, about 3 min", -1),
        (Loading(0.429), "Loading Tiny: 42 %", 0.43),
        (Reading(0, 0), "Reading: 100 %", 1),
        (Reading(1, 4), "Reading: 25 %", 0.25),
    ],
)
def test_status_names_what_is_waited_for(waiting: Waiting | None, status: str, fraction: float) -> None:
    state = waiting_state(_reply(), waiting, "Tiny", ENGLISH)
    assert (state.status, state.fraction, state.is_answering) == (status, fraction, True)


def test_status_is_in_the_language_of_the_reader() -> None:
    assert waiting_state(_reply(), Loading(0.5), "Tiny", CHINESE).status.startswith("正在加载 Tiny")


def test_text_needs_no_status() -> None:
    reply = _reply()
    reply.publish(Delta("Hello", 1))
    assert waiting_state(reply, Reading(4, 4), "Tiny", ENGLISH).status == ""


def _reply() -> Reply:
    return Reply("reply", "person", "tiny", ReplyEvents())
