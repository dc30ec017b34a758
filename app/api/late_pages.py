"""Stands where the web pages will be: importing Gradio takes seconds, and the API does not wait for it."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from app.api import errors
from app.errors import Unavailable

TRY_AGAIN_LATER = 1013


class LatePages:
    """An ASGI application that says to wait until `pages` is set, and is `pages` from then on."""

    def __init__(self) -> None:
        self.pages: ASGIApp | None = None
        self.has_failed = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or say that it takes a moment; a browser asks again by itself."""
        if self.pages is not None:
            await self.pages(scope, receive, send)
            return
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": TRY_AGAIN_LATER})
            return
        reason = Unavailable("pages_failed" if self.has_failed else "pages_starting")
        await errors.answer(scope["path"], Headers(scope=scope), reason)(scope, receive, send)
