"""What a prompt has said of the answer already stands in front of its first text, once."""

from pathlib import Path

from app.engine import events
from app.engine.events import ModelFile
from app.engine.reply_clock import ReplyClock
from app.worker import messages

MODEL = ModelFile("tiny", Path("tiny.gguf"), 256)


def test_the_first_delta_begins_with_the_opening() -> None:
    clock = ReplyClock(0.0, "<think>\n")
    assert clock.event(MODEL, messages.Reading("1", 1, 2)) == events.Reading(1, 2)
    assert clock.event(MODEL, messages.Delta("1", "Hm", 1)) == events.Delta("<think>\nHm", 1)
    assert clock.event(MODEL, messages.Delta("1", ".", 1)) == events.Delta(".", 1)
