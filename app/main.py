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
from app.engine.box import Box
from app.engine.events import ModelFile
from app.engine.pool import Pool
from app.engine.probe import ProbePlan
from app.engine.proven_backends import ProvenBackends
from app.errors import HearthError
from app.services.accounts import Accounts
from app.services.chat import ChatService
from app.services.chats import Chats
from app.services.library import GUIDE_NAME, Library
from app.services.model_settings import ModelSettings
from app.services.replies import Replies
from app.services.summaries import Summaries
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
        warming = asyncio.create_task(_warm_up(parts))
        try:
            yield
        finally:
            closing.set()
            warming.cancel()
            await asyncio.wait([warming], timeout=CLOSE_SECONDS)
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
    backends = ProvenBackends(settings.data_dir)
    engine = Pool(settings, Box(lambda: _threads(settings), backends))
    replies = Replies(database, engine)
    summaries = Summaries(database, engine, replies) if settings.summaries else None
    return Parts(
        settings=settings,
        database=database,
        accounts=Accounts(database, settings),
        library=library,
        engine=engine,
        chats=Chats(database),
        chat=ChatService(database, library, engine, settings, replies, summaries),
        replies=replies,
        model_settings=ModelSettings(database, library),
        warm_up=lambda: _prepare_engine(settings, library, engine, backends),
    )


def _threads(settings: Settings) -> int:
    return settings.threads or hardware.cpu_budget().threads


async def _prepare_engine(settings: Settings, library: Library, engine: Pool, backends: ProvenBackends) -> None:
    """Find out how to compute on this box, unless that is known; then load what is to be there from the start."""
    guide = await run_in_threadpool(library.find, GUIDE_NAME)
    if settings.probe:
        await backends.find_out(ProbePlan(guide.path, _threads(settings)))
    await engine.preload(await run_in_threadpool(_to_preload, settings, library))


def _to_preload(settings: Settings, library: Library) -> list[ModelFile]:
    """The models that the settings name, then those whose own options say so."""
    models: dict[str, ModelFile] = {}
    usable = [model.name for model in library.models() if model.problem is None]
    for name in (*settings.preload, *usable):
        try:
            model = library.find(name)
        except HearthError as error:
            logger.warning("%s cannot be preloaded: %s", name, error.code)
            continue
        if name in settings.preload or model.options.is_preloaded:
            models[name] = model
    return list(models.values())


async def _warm_up(parts: Parts) -> None:
    """What goes wrong here shows again when somebody asks, and is told then."""
    try:
        if parts.warm_up is not None:
            await parts.warm_up()
    except Exception:
        logger.exception("The engine could not be prepared")


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
