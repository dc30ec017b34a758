"""A whole Hearth behind a real server, with a scripted engine: what a browser is pointed at."""

import contextlib
import os
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import uvicorn
from argon2 import PasswordHasher

from app.api.deps import Parts
from app.services.accounts import Accounts
from app.services.chat import ChatService
from app.services.chats import Chats
from app.services.library import Library
from app.services.model_settings import ModelSettings
from app.services.passwords import Passwords
from app.services.replies import Replies
from app.settings import Settings
from app.store import messages
from app.store.database import Database
from tests.scripted_engine import ScriptedEngine
from tests.services.model_files import write_model, write_truncated

PASSWORD = "a warm fire burns"
PATIENCE_SECONDS = 60.0


@dataclass(frozen=True)
class Site:
    """A Hearth that is being served."""

    url: str
    parts: Parts
    engine: ScriptedEngine

    def sign_in(self, name: str) -> str:
        """The secret of a new sign-in; the account is made when there is none."""
        if name not in {person.name for person in self.parts.accounts.people()}:
            self.parts.accounts.add(name, PASSWORD)
        return self.parts.accounts.sign_in(name, PASSWORD, "test")[1]

    def add_messages(self, person_id: str, chat_id: str, count: int) -> None:
        """Let a chat have been going on for a while, without any answering."""
        leaf = self.parts.chats.get(person_id, chat_id).active_leaf_id
        with self.parts.database.transaction() as session:
            for number in range(count):
                role = "assistant" if number % 2 else "user"
                leaf = messages.add(session, chat_id=chat_id, parent_id=leaf, role=role, text=f"Message {number}").id
        self.parts.chats.update(person_id, chat_id, active_leaf_id=leaf)

    def person_id(self, name: str) -> str:
        """The id of somebody with an account."""
        return next(person.id for person in self.parts.accounts.people() if person.name == name)


def build_parts(folder: Path) -> tuple[Parts, ScriptedEngine]:
    """Real services on a database in `folder`, with the Guide, a model, and a broken file."""
    settings = Settings(data_dir=folder / "data", models_dir=folder / "models", context_tokens=2048)
    write_model(settings.models_dir / "tiny-llama.gguf", name="Tiny Llama", context_length=2048)
    write_truncated(settings.models_dir / "broken.gguf")
    guide = write_model(settings.data_dir / "guide" / "guide.gguf", name="Hearth Guide", context_length=2048)
    database = Database(settings.sqlalchemy_url)
    database.migrate()
    accounts = Accounts(database, settings, Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)))
    library = Library(settings.models_dir, guide, settings.context_tokens)
    engine = ScriptedEngine()
    replies = Replies(database, engine)
    chat = ChatService(database, library, engine, settings, replies)
    options = ModelSettings(database, library)
    return Parts(settings, database, accounts, library, engine, Chats(database), chat, replies, options), engine


@contextlib.contextmanager
def served(folder: Path) -> Iterator[Site]:
    """A Hearth on a free port of loopback, its pages ready."""
    # Both must be there before Gradio is imported, which importing the application may do.
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["GRADIO_TEMP_DIR"] = str(folder / "uploads")
    from app.main import create_app  # noqa: PLC0415

    parts, engine = build_parts(folder)
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(create_app(parts), log_level="warning", timeout_graceful_shutdown=2)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="site")
    thread.start()
    site = Site(f"http://127.0.0.1:{listener.getsockname()[1]}", parts, engine)
    try:
        _wait_for_pages(site, thread)
        yield site
    finally:
        server.should_exit = True
        thread.join(PATIENCE_SECONDS)


def _wait_for_pages(site: Site, thread: threading.Thread) -> None:
    secret = site.sign_in("Anna")
    end = time.monotonic() + PATIENCE_SECONDS
    with httpx.Client(base_url=site.url, headers={"cookie": f"hearth={secret}", "accept": "text/html"}) as client:
        while time.monotonic() < end and thread.is_alive():
            with contextlib.suppress(httpx.TransportError):
                # Held open by the server until it can answer, or answered with 503 and a moment to wait.
                if client.get("/").status_code == httpx.codes.OK:
                    return
            threading.Event().wait(0.1)
    raise AssertionError("the pages did not come")
