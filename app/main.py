"""The composition root: builds every part of Hearth once, and joins the API and the pages into one application."""

import asyncio
import logging
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

from app import hardware
from app.api import errors as api_errors
from app.api.deps import Parts
from app.api.gate import Gate
from app.api.host_names import HostNames
from app.api.late_pages import LatePages
from app.api.router import routers
from app.api.visit import Trust
from app.engine.pool import Pool
from app.services.accounts import Accounts
from app.services.chat import ChatService
from app.services.chats import Chats
from app.services.library import Library
from app.services.replies import Replies
from app.settings import Settings
from app.store.database import Database

if TYPE_CHECKING:
    from app.ui.mount import Pages

logger = logging.getLogger(__name__)

CLOSE_SECONDS = 4.0


def create_app(parts: Parts, with_pages: bool = True) -> FastAPI:
    """The application: the API at once, the pages a few seconds after the start, the gate in front of both."""
    late_pages = LatePages()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        closing = asyncio.Event()
        pages = asyncio.create_task(_serve_pages(parts, late_pages, closing)) if with_pages else None
        try:
            yield
        finally:
            closing.set()
            await parts.replies.close(CLOSE_SECONDS)
            await parts.engine.close()
            if pages is not None:
                await asyncio.wait([pages], timeout=CLOSE_SECONDS)
            await run_in_threadpool(parts.database.close)

    app = FastAPI(title="Hearth", openapi_url="/api/openapi.json", docs_url=None, redoc_url=None, lifespan=lifespan)
    app.state.parts = parts
    for router in routers():
        app.include_router(router)
    api_errors.install(app)
    app.mount("/", late_pages)
    # Around everything, the answer to an unexpected error included; `add_middleware` would put it inside of that.
    app.middleware_stack = Gate(
        app.build_middleware_stack(),
        parts.accounts,
        HostNames.from_settings(parts.settings, socket.gethostname()),
        Trust.from_settings(parts.settings),
    )
    return app


def build_parts(settings: Settings, database: Database, library: Library) -> Parts:
    """Every part that routes and pages work with; the database is migrated already."""
    engine = Pool(settings, lambda: settings.threads or hardware.cpu_budget().threads)
    replies = Replies(database, engine)
    return Parts(
        settings=settings,
        database=database,
        accounts=Accounts(database, settings),
        library=library,
        engine=engine,
        chats=Chats(database),
        chat=ChatService(database, library, engine, settings, replies),
        replies=replies,
    )


async def _serve_pages(parts: Parts, late_pages: LatePages, closing: asyncio.Event) -> None:
    """Build the pages in a thread, then let them answer until the server ends."""
    try:
        pages = await asyncio.to_thread(_build_pages, parts)
        await pages.start()
    except Exception:
        logger.exception("The pages cannot be shown")
        late_pages.has_failed = True
        return
    late_pages.pages = pages
    logger.info("The pages are ready")
    await closing.wait()
    await pages.stop()


def _build_pages(parts: Parts) -> "Pages":
    """Import Gradio and build the pages. This is the one late import: it takes seconds."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["GRADIO_TEMP_DIR"] = str(parts.settings.data_dir.absolute() / "uploads")
    from app.ui import mount  # noqa: PLC0415

    return mount.build(parts)
