"""A whole Hearth for tests of the API: real services and database, a scripted engine, plain pages for Gradio's."""

import contextlib
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from argon2 import PasswordHasher
from fastapi import FastAPI
from pydantic import SecretStr
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route, Router
from starlette.testclient import TestClient

from app.api import errors
from app.api.deps import Parts
from app.api.gate import Gate
from app.api.host_names import HostNames
from app.api.router import routers
from app.api.visit import Trust
from app.services.accounts import Accounts
from app.services.chat import ChatService
from app.services.chats import Chats
from app.services.library import Library
from app.services.model_settings import ModelSettings, options_reader
from app.services.passwords import Passwords
from app.services.replies import Replies
from app.settings import Settings
from app.store.database import Database
from tests.scripted_engine import ScriptedEngine

TOKEN = "open-sesame-123"
PASSWORD = "a warm fire burns"
ADMIN = "Anna"
MODEL = "tiny"
PATIENCE_SECONDS = 20.0
# Reading the certificates of the world takes a while, for each client anew; nothing is encrypted on loopback.
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@dataclass(frozen=True)
class House:
    """A Hearth that is built and not served yet."""

    app: FastAPI
    parts: Parts
    engine: ScriptedEngine

    def visitor(self, **options: Any) -> TestClient:  # noqa: ANN401
        """A browser that nobody is signed in with. Not for replies: its event loop lives for one request only."""
        options.setdefault("base_url", "http://hearth.local")
        return TestClient(self.app, follow_redirects=False, raise_server_exceptions=False, **options)

    def person(self, name: str = ADMIN) -> TestClient:
        """A browser in which somebody is signed in; their account is made when they have none."""
        client = self.visitor()
        client.cookies.set("hearth", self.sign_in(name))
        return client

    def sign_in(self, name: str = ADMIN) -> str:
        """The secret of a new sign-in."""
        if self.parts.accounts.needs_setup():
            self.parts.accounts.set_up(TOKEN, ADMIN, PASSWORD)
        if name not in {person.name for person in self.parts.accounts.people()}:
            self.parts.accounts.add(name, PASSWORD)
        return self.parts.accounts.sign_in(name, PASSWORD, "test")[1]

    def token(self, name: str = ADMIN) -> str:
        """A new API token."""
        self.sign_in(name)
        return self.parts.accounts.create_token(name, "test")


def build(folder: Path, model_file: Path, **settings: Any) -> House:  # noqa: ANN401
    """A Hearth whose data and models lie below `folder`."""
    models = folder / "models"
    models.mkdir()
    (models / f"{MODEL}.gguf").hardlink_to(model_file)
    chosen = Settings(data_dir=folder / "data", models_dir=models, setup_token=SecretStr(TOKEN), **settings)
    database = Database(chosen.sqlalchemy_url)
    database.migrate()
    accounts = Accounts(database, chosen, Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)))
    accounts.prepare_setup()
    library = Library(models, folder / "no-guide.gguf", chosen.context_tokens, options_reader(database))
    engine = ScriptedEngine()
    replies = Replies(database, engine)
    chat = ChatService(database, library, engine, chosen, replies)
    parts = Parts(
        chosen, database, accounts, library, engine, Chats(database), chat, replies, ModelSettings(database, library)
    )
    app = application(parts)
    # Outside of everything, starlette's own answer to an unexpected error included.
    host_names, trust = HostNames.from_settings(chosen, "box"), Trust.from_settings(chosen)
    app.middleware_stack = Gate(app.build_middleware_stack(), accounts, host_names, trust)
    return House(app, parts, engine)


def application(parts: Parts) -> FastAPI:
    """The routes as `main.py` puts them together, with a few plain ones where Gradio's pages would be."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        await parts.replies.close()

    app = FastAPI(openapi_url="/api/openapi.json", docs_url=None, redoc_url=None, lifespan=lifespan)
    app.add_middleware(CORSMiddleware, allow_origins=[])
    errors.install(app)
    for router in routers():
        app.include_router(router)
    app.state.parts = parts
    app.router.routes.append(Mount("/", Router(PAGES)))
    return app


async def _echo(request: Request) -> Response:
    body = await request.body()
    person = request.scope["state"]["person"]
    return JSONResponse(
        {
            "method": request.method,
            "url": str(request.url),
            "headers": sorted(request.headers.keys()),
            "person": person.name if person else None,
            "body_bytes": len(body),
        },
        headers={"Access-Control-Allow-Origin": "https://evil.example", "Access-Control-Allow-Credentials": "true"},
    )


async def _break(_request: Request) -> Response:
    raise ZeroDivisionError("a secret detail")


PAGES = [
    Route("/", _echo, methods=["GET", "POST"]),
    Route("/config", _echo),
    Route("/broken", _break),
    Route("/assets/{file:path}", _echo),
    Route("/theme.css", _echo),
    Route("/gradio_api/upload", _echo, methods=["POST"]),
    Route("/gradio_api/queue/data", _echo, methods=["GET"]),
    Route("/gradio_api/queue/join", _echo, methods=["POST"]),
]


@dataclass(frozen=True)
class Served:
    """A Hearth behind a real server on loopback."""

    house: House
    url: str

    def visitor(self, headers: Mapping[str, str] | None = None) -> httpx.Client:
        """A client that nobody is signed in with."""
        return httpx.Client(
            base_url=self.url, headers=headers, timeout=PATIENCE_SECONDS, trust_env=False, verify=NO_TLS
        )

    def person(self, name: str = ADMIN) -> httpx.Client:
        """A client in which somebody is signed in."""
        return self.visitor({"Cookie": f"hearth={self.house.sign_in(name)}"})


@contextmanager
def serve(house: House) -> Iterator[Served]:
    """Run a server in a thread for as long as the block lasts."""
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
        config = uvicorn.Config(
            house.app, proxy_headers=False, log_config=None, access_log=False, timeout_graceful_shutdown=5
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        try:
            yield Served(house, f"http://127.0.0.1:{port}")
        finally:
            server.should_exit = True
            thread.join(PATIENCE_SECONDS)
            assert not thread.is_alive(), "the server did not stop"
