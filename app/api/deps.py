"""What a route may ask for: the parts of this Hearth, the person who is asking, their language."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from app.api.errors import language_of
from app.engine.face import Engine
from app.errors import Forbidden, NotSignedIn
from app.services.accounts import Accounts, Person
from app.services.chat import ChatService
from app.services.chats import Chats
from app.services.library import Library
from app.services.model_settings import ModelSettings
from app.services.replies import Replies
from app.settings import Settings
from app.store.database import Database


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything that the routes work with; `main.py` builds it and puts it at `app.state.parts`.

    `warm_up` is run once, beside everything else, when the server starts.

    Streams send a comment after `ping_seconds` without an event: proxies give up on silent ones after a minute or so.
    """

    settings: Settings
    database: Database
    accounts: Accounts
    library: Library
    engine: Engine
    chats: Chats
    chat: ChatService
    replies: Replies
    model_settings: ModelSettings
    ping_seconds: float = 10.0
    warm_up: Callable[[], Awaitable[None]] | None = None


async def parts_of(request: Request) -> Parts:
    """The parts that `main.py` has built."""
    parts: Parts = request.app.state.parts
    return parts


async def person_or_none(request: Request) -> Person | None:
    """Who is asking, as the gate has found out."""
    person: Person | None = request.scope.get("state", {}).get("person")
    return person


async def person_of(person: Annotated[Person | None, Depends(person_or_none)]) -> Person:
    """Who is asking. The gate lets nobody else through to here; this holds should it ever be left out."""
    if person is None:
        raise NotSignedIn("not_signed_in")
    return person


async def admin_of(person: Annotated[Person, Depends(person_of)]) -> Person:
    """Who is asking, if it is an admin. Raises Forbidden."""
    if not person.is_admin:
        raise Forbidden("admin_only")
    return person


async def is_https(request: Request) -> bool:
    """Whether the visitor's browser speaks https to us, as the gate has found out."""
    return bool(request.scope["scheme"] == "https")


async def language(request: Request) -> str:
    """The language in which to answer."""
    return language_of(request.headers)


PartsDep = Annotated[Parts, Depends(parts_of)]
PersonDep = Annotated[Person, Depends(person_of)]
AdminDep = Annotated[Person, Depends(admin_of)]
VisitorDep = Annotated[Person | None, Depends(person_or_none)]
IsHttpsDep = Annotated[bool, Depends(is_https)]
LanguageDep = Annotated[str, Depends(language)]
