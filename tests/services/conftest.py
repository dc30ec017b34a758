"""A household for the services: a real database, two people, a library with one model file, a scripted engine."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from app.services.accounts import Accounts, Person
from app.services.chat import ChatService
from app.services.chats import Chats
from app.services.library import Library
from app.services.passwords import Passwords
from app.services.replies import Replies
from app.settings import Settings
from app.store.database import Database
from tests.scripted_engine import ScriptedEngine
from tests.services.model_files import write_model

PASSWORD = "correct horse"
CONTEXT_TOKENS = 512


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with everything in a temporary folder."""
    return Settings(data_dir=tmp_path / "data", models_dir=tmp_path / "models", context_tokens=CONTEXT_TOKENS)


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    """A database with all tables."""
    database = Database(settings.sqlalchemy_url)
    database.migrate()
    yield database
    database.close()


@pytest.fixture
def passwords() -> Passwords:
    """Hashes that cost next to nothing."""
    return Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
def accounts(database: Database, settings: Settings, passwords: Passwords) -> Accounts:
    """Accounts, without anybody yet."""
    return Accounts(database, settings, passwords)


@pytest.fixture
def ada(accounts: Accounts) -> Person:
    """The first person, an admin."""
    return accounts.add("Ada", PASSWORD)


@pytest.fixture
def bob(accounts: Accounts, ada: Person) -> Person:
    """Another person of the household."""
    assert ada.is_admin
    return accounts.add("Bob", PASSWORD)


@pytest.fixture
def library(settings: Settings) -> Library:
    """One model file and the Guide."""
    write_model(settings.models_dir / "tiny-llama.gguf", name="Tiny Llama", context_length=CONTEXT_TOKENS)
    guide = write_model(settings.data_dir / "guide" / "guide.gguf", name="Hearth Guide", context_length=256)
    return Library(settings.models_dir, guide, settings.context_tokens)


@pytest.fixture
def engine() -> ScriptedEngine:
    """An engine that says hello until it is told otherwise."""
    return ScriptedEngine()


@pytest.fixture
def replies(database: Database, engine: ScriptedEngine) -> Replies:
    """The replies of the server."""
    return Replies(database, engine)


@pytest.fixture
def chats(database: Database) -> Chats:
    """The chats."""
    return Chats(database)


@pytest.fixture
def chat_service(
    database: Database, library: Library, engine: ScriptedEngine, settings: Settings, replies: Replies
) -> ChatService:
    """What starts replies."""
    return ChatService(database, library, engine, settings, replies)
