"""Turns a worker's messages into events, with the times that only the parent knows."""

import time

from app.engine import events
from app.engine.events import EngineEvent, ModelFile
from app.engine.troubles import request_error
from app.worker import messages


class ReplyClock:
    """Of one reply, which was asked for at `asked`; its first text begins with `opening`."""

    def __init__(self, asked: float, opening: str = "") -> None:
        self._asked = asked
        self._opening = opening
        self._first_token_seconds: float | None = None

    def event(self, model: ModelFile, message: messages.FromWorker) -> EngineEvent:
        """The event for a message; raises what a `Failed` stands for."""
        match message:
            case messages.Reading(_, done, total):
                return events.Reading(done, total)
            case messages.Delta(_, text, tokens, logprobs):
                self._note_token()
                opening, self._opening = self._opening, ""
                return events.Delta(opening + text, tokens, tuple(logprobs))
            case messages.Finished(_, reason, numbers):
                return events.Finished(
                    reason=reason,
                    prompt_tokens=numbers.prompt_tokens,
                    cached_tokens=numbers.cached_tokens,
                    completion_tokens=numbers.completion_tokens,
                    first_token_seconds=self._note_token(),
                    tokens_per_second=writing_speed(numbers),
                    drafted_tokens=numbers.drafted_tokens,
                    accepted_tokens=numbers.accepted_tokens,
                )
            case messages.Failed(_, code, detail):
                raise request_error(model.name, code, detail)
            case _:
                raise AssertionError(f"{message} belongs to no request")

    def _note_token(self) -> float:
        if self._first_token_seconds is None:
            self._first_token_seconds = time.monotonic() - self._asked
        return self._first_token_seconds


def writing_speed(numbers: messages.Numbers) -> float:
    """Tokens per second after the first one, which belongs to the reading."""
    if numbers.completion_tokens < 2 or numbers.writing_seconds <= 0:
        return 0.0
    return (numbers.completion_tokens - 1) / numbers.writing_seconds
