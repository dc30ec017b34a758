"""Saying something and getting a reply. All that can be refused is refused here, before anything is stored.

So a person whose message is refused still has it in the box where they wrote it, and nowhere else.
"""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Literal, cast

import anyio

from app.engine.events import GenerationRequest, ModelFile
from app.engine.face import Engine
from app.errors import Conflict, InvalidInput, TooLarge
from app.services import chats, history
from app.services.characters import one_line, says_something
from app.services.library import Library
from app.services.message_tree import MessageTree
from app.services.replies import Place, Replies, Reply
from app.settings import Settings
from app.store import chats as chats_store
from app.store import messages as messages_store
from app.store import replies as replies_store
from app.store.database import Database
from app.store.tables import MessageTable
from app.worker.messages import Sampling, Turn

ACTIVE_LEAF: Final = "<active leaf>"
DEFAULT_MAX_TOKENS = 2048
# The Guide knows its answers by heart: the likeliest words are the right ones, and few are needed.
GUIDE_SAMPLING = Sampling(temperature=0.0)
GUIDE_MAX_TOKENS = 512
# It was trained on short talks: with eight questions in front of it, it answered 34 of 90 rightly; with three, 80.
GUIDE_QUESTIONS = 3
TITLE_CHARACTERS = 60


@dataclass(frozen=True, slots=True)
class Wish:
    """How a reply is wanted; None is Hearth's choice."""

    model: str | None
    sampling: Sampling | None
    max_tokens: int | None
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Question:
    """What is to be answered: a new message below `parent_id`, or, without a text, the message `parent_id` itself."""

    person_id: str
    chat_id: str
    parent_id: str | None
    text: str | None


@dataclass(frozen=True, slots=True)
class _Read:
    """What is known of a chat before a reply starts."""

    model: str
    system_prompt: str
    parent_id: str | None
    said: tuple[Turn, ...]


class ChatService:
    """Starts replies."""

    def __init__(
        self, database: Database, library: Library, engine: Engine, settings: Settings, replies: Replies
    ) -> None:
        self._database = database
        self._library = library
        self._engine = engine
        self._settings = settings
        self._replies = replies
        self._starting: set[str] = set()
        self._storing: dict[str, asyncio.Task[Reply]] = {}

    async def start_reply(
        self,
        person_id: str,
        chat_id: str,
        text: str,
        *,
        parent_id: str | None = ACTIVE_LEAF,
        model: str | None = None,
        sampling: Sampling | None = None,
        max_tokens: int | None = None,
    ) -> Reply:
        """Say `text` below a message (None: as the first of a new branch) and start the answer.

        Raises NotFound (chat_unknown, message_unknown, model_unknown), InvalidInput (message_empty, message_not_text,
        parent_not_answer), TooLarge("message_too_long"), Conflict("chat_busy"), Busy("queue_full"), BadFile and
        Unavailable. Nothing is stored then.
        """
        check_text(text)
        question = _Question(person_id, chat_id, parent_id, text)
        return await self._answer(question, Wish(model, sampling, max_tokens))

    async def retry(
        self,
        person_id: str,
        chat_id: str,
        message_id: str,
        *,
        model: str | None = None,
        sampling: Sampling | None = None,
        max_tokens: int | None = None,
    ) -> Reply:
        """Answer a question once more, beside the answers that it has. `message_id` is the question or an answer."""
        question = _Question(person_id, chat_id, message_id, None)
        return await self._answer(question, Wish(model, sampling, max_tokens))

    async def start_stateless(
        self,
        person_id: str,
        turns: Sequence[Turn],
        model: str,
        sampling: Sampling | None = None,
        max_tokens: int | None = None,
        stop: Sequence[str] = (),
    ) -> Reply:
        """Answer a conversation that the caller keeps; nothing is stored, and nothing of it is left out.

        Raises as `start_reply` does, and TooLarge("prompt_too_long", tokens=, limit=).
        """
        if not turns or not says_something(turns[-1].content):
            raise InvalidInput("message_empty")
        self._replies.check_open()
        file = await anyio.to_thread.run_sync(self._library.find, model)
        self._engine.check_room(person_id)
        tokens = await self._engine.render(file, turns)
        if len(tokens) >= file.context_tokens:
            raise TooLarge("prompt_too_long", tokens=len(tokens), limit=file.context_tokens - 1)
        wish = Wish(model, sampling, max_tokens, tuple(stop))
        return self._replies.start(person_id, file, self._request(person_id, file, tokens, wish))

    async def _answer(self, question: _Question, wish: Wish) -> Reply:
        self._replies.check_open()
        read = await anyio.to_thread.run_sync(self._read, question)
        with self._only_one(question.chat_id):
            file = await anyio.to_thread.run_sync(self._model_of, wish.model or read.model)
            self._engine.check_room(question.person_id)
            said = history.newest(read.said, GUIDE_QUESTIONS) if self._library.is_guide(file) else read.said
            prompt = await history.turns_for(self._engine, file, read.system_prompt, said)
            request = self._request(question.person_id, file, prompt.tokens, wish)
            # Once stored, a reply must also start, even when whoever asked is cancelled in between.
            storing = asyncio.create_task(self._store_and_start(question, read, file, request))
            self._storing[question.chat_id] = storing
            storing.add_done_callback(lambda _: self._storing.pop(question.chat_id))
            return await asyncio.shield(storing)

    @contextmanager
    def _only_one(self, chat_id: str) -> Iterator[None]:
        """One reply at a time in a chat, from before it is stored to its end."""
        is_starting = chat_id in self._starting or chat_id in self._storing
        if is_starting or self._replies.of_chat(chat_id) is not None:
            raise Conflict("chat_busy")
        self._starting.add(chat_id)
        try:
            yield
        finally:
            self._starting.discard(chat_id)

    def _read(self, question: _Question) -> _Read:
        with self._database.reading() as session:
            chat = chats.owned(session, question.person_id, question.chat_id)
            tree = chats.tree_of(session, question.chat_id)
        if question.text is None:
            path = _path_to_question(tree, question.parent_id)
            said = _turns(path)
        else:
            parent_id = chat.active_leaf_id if question.parent_id == ACTIVE_LEAF else question.parent_id
            path = tree.path_to(parent_id)
            if path and path[-1].role != "assistant":
                raise InvalidInput("parent_not_answer")
            said = (*_turns(path), Turn("user", question.text))
        return _Read(chat.model, chat.system_prompt, path[-1].id if path else None, said)

    def _model_of(self, name: str) -> ModelFile:
        return self._library.find(name) if name else self._library.default()

    def _request(self, person_id: str, file: ModelFile, tokens: tuple[int, ...], wish: Wish) -> GenerationRequest:
        is_guide = self._library.is_guide(file)
        return GenerationRequest(
            person=person_id,
            tokens=tokens,
            max_tokens=min(
                wish.max_tokens or (GUIDE_MAX_TOKENS if is_guide else DEFAULT_MAX_TOKENS),
                file.context_tokens - len(tokens),
            ),
            sampling=wish.sampling or (GUIDE_SAMPLING if is_guide else Sampling()),
            stop=wish.stop,
        )

    async def _store_and_start(
        self, question: _Question, read: _Read, file: ModelFile, request: GenerationRequest
    ) -> Reply:
        place = await anyio.to_thread.run_sync(self._store, question, read, file.name)
        return self._replies.start(question.person_id, file, request, place)

    def _store(self, question: _Question, read: _Read, model: str) -> Place:
        with self._database.transaction() as session:
            chat = chats.owned(session, question.person_id, question.chat_id)
            asked_id = read.parent_id
            if question.text is not None:
                asked = messages_store.add(
                    session, chat_id=chat.id, parent_id=read.parent_id, role="user", text=question.text
                )
                asked_id = asked.id
            answer = messages_store.add(session, chat_id=chat.id, parent_id=asked_id, role="assistant")
            reply = replies_store.add(session, chat_id=chat.id, message_id=answer.id, model=model)
            chat.title = chat.title or title_of(question.text or "")
            chat.model = model
            chat.active_leaf_id = answer.id
            chats_store.touch(session, chat)
            return Place(reply.id, chat.id, answer.id)


def check_text(text: str) -> None:
    """Raises InvalidInput for a message that says nothing, or that no database can keep."""
    if not says_something(text):
        raise InvalidInput("message_empty")
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise InvalidInput("message_not_text")


def title_of(text: str) -> str:
    """The beginning of what was said first, cut between words where there are any."""
    title = one_line(text)
    if len(title) <= TITLE_CHARACTERS:
        return title
    cut = title[:TITLE_CHARACTERS]
    return (cut.rsplit(" ", 1)[0] if " " in cut[TITLE_CHARACTERS // 2 :] else cut) + "…"


def _path_to_question(tree: MessageTree, message_id: str | None) -> list[MessageTable]:
    path = tree.path_to(message_id)
    return path if path[-1].role == "user" else path[:-1]


def _turns(path: Sequence[MessageTable]) -> tuple[Turn, ...]:
    return tuple(Turn(cast(Literal["user", "assistant"], message.role), message.text) for message in path)
