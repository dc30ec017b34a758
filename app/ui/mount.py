"""Builds the pages as one ASGI application. The only module that knows how Gradio is mounted.

Importing it imports Gradio, which takes seconds: `main.py` does so late, in a thread, when the API already answers.
Before that the environment must hold GRADIO_ANALYTICS_ENABLED=False, since Gradio calls home otherwise, and
GRADIO_TEMP_DIR, a folder inside the data folder.
"""

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import gradio as gr
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Mount

from app.ui import theme
from app.ui.chat_page import ChatPage
from app.ui.page_head import read_page_head
from app.ui.page_shell import Application, PageShell, Receive, Scope, Send
from app.ui.parts import Parts

# Each page that follows an answer holds one of Gradio's places as long as that takes.
MAX_FOLLOWERS = 200
MAX_SESSIONS = 500
# Gradio looks into its queues a thousand times a second by itself, which costs a small box 6 % of a core.
QUEUE_SLEEP_SECONDS = 0.02
PROGRESS_SLEEP_SECONDS = 0.1


class Pages:
    """The pages. `start` and `stop` belong into the life of the server, in its event loop."""

    def __init__(self, blocks: gr.Blocks, gradio_app: Starlette, shell: Application) -> None:
        # Any: Gradio has no types for what follows.
        self._blocks: Any = blocks
        self._gradio_app = gradio_app
        self._shell = shell
        self._running = AsyncExitStack()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        await self._shell(scope, receive, send)

    async def start(self) -> None:
        """Begin to answer events: what Gradio does itself when it is mounted before the server starts."""
        await self._running.enter_async_context(self._gradio_app.router.lifespan_context(self._gradio_app))
        self._blocks.run_startup_events()
        await self._blocks.run_extra_startup_events()

    async def stop(self) -> None:
        """End the handlers that still draw."""
        self._blocks._queue.close()
        await self._running.aclose()


def build(parts: Parts) -> Pages:
    """The pages over these services; takes a second or two. Starts nothing. Call it in a thread without event loop."""
    # Where no event loop runs, Gradio makes one for each of its locks, and never closes them.
    return asyncio.run(_build(parts))


async def _build(parts: Parts) -> Pages:
    blocks = ChatPage(parts).build()
    blocks.state_session_capacity = MAX_SESSIONS
    blocks.queue(default_concurrency_limit=None, api_open=False)
    queue = blocks._queue
    queue.max_thread_count = MAX_FOLLOWERS
    queue.sleep_when_free = QUEUE_SLEEP_SECONDS
    queue.progress_update_sleep_when_free = PROGRESS_SLEEP_SECONDS
    # It counts its events for a dashboard that we do not have, with pandas, after each of them.
    queue.ANALYTICS_MAX_EVENTS = 0
    # An application that forbids other origins, so that Gradio does not add its own rules, which allow all of them.
    holder = Starlette(middleware=[Middleware(CORSMiddleware, allow_origins=[])])
    gr.mount_gradio_app(
        holder,
        blocks,
        path="/",
        theme=theme.theme(),
        footer_links=[],
        run_history=False,
        app_kwargs={"openapi_url": None, "docs_url": None, "redoc_url": None},
        show_error=False,
        ssr_mode=False,
        pwa=False,
        mcp_server=False,
        enable_monitoring=False,
    )
    # Without this Gradio takes any path of the server as a file that somebody uploaded.
    blocks.has_launched = True
    mounted = next(route for route in holder.routes if isinstance(route, Mount))
    gradio_app = mounted.app
    assert isinstance(gradio_app, Starlette)
    return Pages(blocks, gradio_app, PageShell(gradio_app, read_page_head()))
