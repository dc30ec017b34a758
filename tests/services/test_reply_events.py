"""Numbers of events: what somebody missed is known from the number alone."""

import pytest

from app.engine.events import Delta, Finished, Loading, Queued, Reading
from app.services.reply_events import AnyEvent, FailedEvent, ReplyEvent, ReplyEvents

FINISHED = Finished("end", 8, 0, 3, 0.1, 20.0)


def events_of(*said: AnyEvent) -> ReplyEvents:
    events = ReplyEvents()
    for event in said:
        events.add(event)
    return events


def whole() -> ReplyEvents:
    return events_of(
        Queued(1, None), Loading(0.5), Loading(1.0), Delta("ab", 1), Delta("cde", 1), Delta("f", 1), FINISHED
    )


def test_somebody_new_gets_all_with_deltas_and_progress_merged() -> None:
    assert list(whole().since(0)) == [
        ReplyEvent(1, Queued(1, None)),
        ReplyEvent(3, Loading(1.0)),
        ReplyEvent(9, Delta("abcdef", 3)),
        ReplyEvent(10, FINISHED),
    ]


@pytest.mark.parametrize(
    ("after", "text"), [(3, "abcdef"), (4, "bcdef"), (5, "cdef"), (6, "def"), (7, "ef"), (8, "f"), (9, "")]
)
def test_somebody_who_comes_back_gets_exactly_the_text_that_was_missed(after: int, text: str) -> None:
    for events in (whole(), rebuilt(whole())):
        assert "".join(e.event.text for e in events.since(after) if isinstance(e.event, Delta)) == text
        assert list(events.since(after))[-1] == ReplyEvent(10, FINISHED)


def rebuilt(events: ReplyEvents) -> ReplyEvents:
    """The same from what a database keeps: the text, the ending, and where the text starts."""
    again = ReplyEvents(events.text_starts_after)
    again.add(Delta(events.text, events.num_tokens))
    assert events.ending is not None
    again.add(events.ending)
    return again


def test_the_ending_comes_also_to_somebody_who_has_seen_more_than_was_stored() -> None:
    failed = FailedEvent("server_stopped", {})
    assert [numbered.event for numbered in events_of(Delta("abc", 1), failed).since(100)] == [failed]


def test_a_running_reply_has_nothing_for_somebody_who_has_seen_all() -> None:
    assert list(events_of(Queued(1, None), Delta("ab", 1)).since(3)) == []


def test_tokens_without_text_are_counted_and_not_told() -> None:
    events = events_of(Delta("", 1), Delta("é", 1))
    assert list(events.since(0)) == [ReplyEvent(1, Delta("é", 1))]
    assert events.num_tokens == 2


def test_progress_after_the_text_began_is_not_told() -> None:
    events = events_of(Reading(1, 2), Delta("a", 1), Reading(2, 2), Delta("b", 1))
    assert [numbered.number for numbered in events.since(1)] == [3]
    assert events.text_starts_after == 1
