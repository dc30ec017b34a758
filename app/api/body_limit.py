"""Stops a request whose body is too big, whether it says so beforehand or just keeps sending."""

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive

from app.api.visit import Visit
from app.errors import TooLarge

MIB = 1024 * 1024
PAGES_BYTES = 25 * MIB
API_BYTES = 1 * MIB
FORM_BYTES = 64 * 1024
FORMS = frozenset({"/sign-in", "/set-up", "/sign-out"})


class BodyTooLarge(HTTPException):
    """Raised out of `receive`. It is an HTTPException so that FastAPI, ours and Gradio's, answers 413 to it."""

    def __init__(self, limit: int) -> None:
        super().__init__(status_code=413)
        self.refusal = refusal(limit)


def refusal(limit: int) -> TooLarge:
    """Why a body of more than `limit` bytes is not taken."""
    return TooLarge("body_too_large", kilobytes=limit // 1024)


def limit_bytes(visit: Visit) -> int:
    """How much a request may bring."""
    if visit.path in FORMS:
        return FORM_BYTES
    return API_BYTES if visit.is_for_api else PAGES_BYTES


def check_announced(headers: Headers, limit: int) -> None:
    """Raise TooLarge("body_too_large") when Content-Length is over the limit."""
    length = headers.get("content-length", "")
    if length.isdecimal() and int(length[:20]) > limit:
        raise refusal(limit)


def counted(receive: Receive, limit: int) -> Receive:
    """`receive`, which raises BodyTooLarge once more than `limit` bytes have come."""
    received_bytes = 0

    async def receive_counted() -> Message:
        nonlocal received_bytes
        message = await receive()
        received_bytes += len(message.get("body", b""))
        if received_bytes > limit:
            raise BodyTooLarge(limit)
        return message

    return receive_counted
