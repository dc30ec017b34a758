"""Stands in front of Gradio's own application: lets through only what the page uses, and puts our head into the page.

Gradio's `head` comes after its scripts; the theme, the words and the stream's way have to be there before them.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from app.ui.page_head import PageHead
from app.words.say import best_language

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

# What a page of ours asks for. Gradio has dozens of routes more: files by path, uploads, proxies, code by prompt.
FOLDERS = ("/assets/", "/static/", "/svelte/")
GETS = frozenset(
    {"/", "/config", "/theme.css", "/favicon.ico", "/manifest.json", "/robots.txt", "/gradio_api/queue/data"}
)
POSTS = frozenset({"/gradio_api/queue/join", "/gradio_api/cancel", "/gradio_api/reset"})


class PageShell:
    """An ASGI application around Gradio's."""

    def __init__(self, gradio_app: Application, head: PageHead) -> None:
        self._gradio_app = gradio_app
        self._head = head

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or not _is_used(scope["method"], scope["path"]):
            await _refuse(scope, receive, send)
        elif scope["path"] == "/":
            await self._page(scope, receive, send)
        else:
            await self._gradio_app(scope, receive, send)

    async def _page(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The page itself, read as a whole and changed. Asked for without compression, which would hide it."""
        headers = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
        accepted = dict(scope["headers"]).get(b"accept-language", b"").decode("latin-1")
        start: Message = {}
        body = b""

        async def keep(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start":
                start = message
                return
            body += message.get("body", b"")
            if not message.get("more_body", False):
                page = self._head.put_into(body.decode(), best_language(accepted)).encode() if body else b""
                kept = [(name, value) for name, value in start["headers"] if name != b"content-length"]
                length = (b"content-length", str(len(page)).encode())
                await send({**start, "headers": [*kept, length, (b"cache-control", b"no-store")]})
                await send({"type": "http.response.body", "body": page})

        await self._gradio_app({**scope, "headers": headers}, receive, keep)


def _is_used(method: str, path: str) -> bool:
    if method in ("GET", "HEAD"):
        return path in GETS or (path.startswith(FOLDERS) and ".." not in path)
    return method == "POST" and path in POSTS


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 4404})
    elif scope["type"] == "http":
        headers = [(b"content-type", b"text/plain; charset=utf-8")]
        await send({"type": "http.response.start", "status": 404, "headers": headers})
        await send({"type": "http.response.body", "body": b"Not found"})
