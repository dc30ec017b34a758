"""Says what an answer waits for, so that nobody looks at a spinner that may be dead."""

from app.engine.events import Loading, Queued, Reading
from app.services.reply import Reply
from app.ui.following import Waiting
from app.ui.frame import ComposerState
from app.words.say import say

LONG_WAIT_SECONDS = 90


def waiting_state(reply: Reply, waiting: Waiting | None, model_title: str, language: str) -> ComposerState:
    """The state of the box while an answer is written. Once there is text, the text says it all."""
    status, fraction = ("", -1.0) if reply.text else _status(waiting, model_title, language)
    return ComposerState(reply.chat_id or "", is_answering=True, status=status, fraction=round(fraction, 2))


def _status(waiting: Waiting | None, model_title: str, language: str) -> tuple[str, float]:
    match waiting:
        case Queued(position, None):
            return say("page_status_queued", {"position": position}, language), -1.0
        case Queued(position, float(seconds)) if seconds >= LONG_WAIT_SECONDS:
            params = {"position": position, "minutes": round(seconds / 60)}
            return say("page_status_queued_minutes", params, language), -1.0
        case Queued(position, seconds):
            params = {"position": position, "seconds": max(1, round(seconds or 0))}
            return say("page_status_queued_eta", params, language), -1.0
        case Loading(fraction):
            percent = int(fraction * 100)
            return say("page_status_loading", {"model": model_title, "percent": percent}, language), fraction
        case Reading(done, total):
            fraction = done / total if total else 1.0
            return say("page_status_reading", {"percent": int(fraction * 100)}, language), fraction
        case _:
            return say("page_status_starting", {}, language), -1.0
