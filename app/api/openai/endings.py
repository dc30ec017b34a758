"""How a reply ended, in OpenAI's words."""

from app.api.openai.shapes import FinishReason, PromptTokensDetails, Usage
from app.engine.events import Finished
from app.services.replies import AnyEvent


def finish_reason(event: AnyEvent) -> FinishReason:
    """`length` when there was more to say; `stop` for every other end."""
    return "length" if isinstance(event, Finished) and event.reason in ("length", "context") else "stop"


def usage(event: AnyEvent) -> Usage | None:
    """The numbers of a reply that came to its own end."""
    if not isinstance(event, Finished):
        return None
    return Usage(
        prompt_tokens=event.prompt_tokens,
        completion_tokens=event.completion_tokens,
        total_tokens=event.prompt_tokens + event.completion_tokens,
        prompt_tokens_details=PromptTokensDetails(cached_tokens=event.cached_tokens),
    )
