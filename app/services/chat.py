"""Saying something and getting a reply. All that can be refused is refused here, before anything is stored.

So a person whose message is refused still has it in the box where they wrote it, and nowhere else.
"""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import anyio

from app.engine.events import GenerationRequest, ModelFile, RenderedPrompt
from app.engine.face import Engine
from app.errors import Conflict, InvalidInput, TooLarge
from app.services import asking, chats, history
from app.services.asking import ACTIVE_LEAF, Asked, Question
from app.services.characters import says_something
from app.services.history import Past, Prompt
from app.services.library import Library
from app.services.replies import Replies, Reply
from app.services.summaries import Summaries, Told
from app.settings import Settings
from app.store.database import Database
from app.worker.messages import Sampling, Turn
from app.worker.sampling import check as check_sampling

DEFAULT_MAX_TOKENS = 2048
# The Guide knows its answers by heart: the likeliest words are the right ones, and few are needed.
GUIDE_SAMPLING = Sampling(temperature=0.0)
GUIDE_MAX_TOKENS = 512
# It was trained on short talks: with eight questions in front of it, it answered 34 of 90 rightly; with three, 80.
GUIDE_QUESTIONS = 3


@dataclass(frozen=True, slots=True)
class Wish:
    """How a reply is wanted; None is Hearth's choice.

    `slides`: an answer that fills the context forgets what stands behind its beginning, and goes on.
    """

    model: str | None
    sampling: Sampling | None
    max_tokens: int | None
    stop: tuple[str, ...] = ()
    slides: bool = False


@dataclass(frozen=True, slots=True)
class _Reader:
    """The model that is to answer, and how many tokens one chat may fill with it."""

    file: ModelFile
    context_tokens: int


class ChatService:
    """Starts replies, and ends chats. Without `summaries`, what does not fit is left out."""

    def __init__(
        self,
        database: Database,
        library: Library,
        engine: Engine,
        settings: Settings,
        replies: Replies,
        summaries: Summaries | None = None,
    ) -> None:
        self._database = database
        self._library = library
        self._engine = engine
        self._settings = settings
        self._replies = replies
        self._summaries = summaries
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
        slides: bool = False,
    ) -> Reply:
        """Say `text` below a message (None: as the first of a new branch) and start the answer.

        Raises NotFound (chat_unknown, message_unknown, model_unknown), InvalidInput (message_empty, message_not_text,
        parent_not_answer, sampling_invalid), TooLarge (message_too_long, model_too_large), Conflict("chat_busy"),
        Busy("queue_full"), BadFile and Unavailable. Nothing is stored then.
        """
        check_text(text)
        question = Question(person_id, chat_id, parent_id, text)
        return await self._answer(question, Wish(model, sampling, max_tokens, slides=slides))

    async def retry(
        self,
        person_id: str,
        chat_id: str,
        message_id: str,
        *,
        model: str | None = None,
        sampling: Sampling | None = None,
        max_tokens: int | None = None,
        slides: bool = False,
    ) -> Reply:
        """Answer a question once more, beside the answers that it has. `message_id` is the question or an answer."""
        question = Question(person_id, chat_id, message_id, None)
        return await self._answer(question, Wish(model, sampling, max_tokens, slides=slides))

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
        wish = Wish(model, sampling, max_tokens, tuple(stop))
        reader = await self._stateless_reader(person_id, wish)
        return self._start_stateless(person_id, reader, await self._engine.render(reader.file, turns), wish)

    async def start_raw(
        self,
        person_id: str,
        text: str,
        model: str,
        sampling: Sampling | None = None,
        max_tokens: int | None = None,
        stop: Sequence[str] = (),
    ) -> Reply:
        """Go on with a text as it is, without the model's chat template; nothing is stored.

        Raises as `start_stateless` does.
        """
        check_text(text)
        wish = Wish(model, sampling, max_tokens, tuple(stop))
        reader = await self._stateless_reader(person_id, wish)
        (tokens,) = await self._engine.tokenize(reader.file, [text])
        return self._start_stateless(person_id, reader, RenderedPrompt(tuple(tokens), 0), wish)

    async def _stateless_reader(self, person_id: str, wish: Wish) -> _Reader:
        self._replies.check_open()
        await anyio.to_thread.run_sync(check_sampling, wish.sampling or Sampling())
        reader = await self._reader(wish.model or "")
        self._engine.check_room(person_id)
        return reader

    def _start_stateless(self, person_id: str, reader: _Reader, prompt: RenderedPrompt, wish: Wish) -> Reply:
        if len(prompt.tokens) >= reader.context_tokens:
            raise TooLarge("prompt_too_long", tokens=len(prompt.tokens), limit=reader.context_tokens - 1)
        return self._replies.start(person_id, reader.file, self._request(person_id, "", reader, prompt, wish))

    async def delete(self, person_id: str, chat_id: str) -> None:
        """Delete a chat with all that was said in it and all that the engine keeps of it.

        Raises NotFound("chat_unknown").
        """
        await anyio.to_thread.run_sync(chats.delete, self._database, person_id, chat_id)
        with anyio.CancelScope(shield=True):
            # What still runs in it would leave its state behind.
            await self._replies.end_background(chat_id)
            reply = self._replies.of_chat(chat_id)
            if reply is not None:
                await reply.stop()
            await self._engine.forget(person_id, chat_id)

    async def _answer(self, question: Question, wish: Wish) -> Reply:
        self._replies.check_open()
        await anyio.to_thread.run_sync(check_sampling, wish.sampling or Sampling())
        asked = await anyio.to_thread.run_sync(asking.read, self._database, question)
        with self._only_one(question.chat_id):
            reader = await self._reader(wish.model or asked.model)
            self._engine.check_room(question.person_id)
            prompt = await self._prompt(reader, asked)
            request = self._request(question.person_id, question.chat_id, reader, prompt.rendered, wish)
            # Once stored, a reply must also start, even when whoever asked is cancelled in between.
            storing = asyncio.create_task(self._store_and_start(question, asked, reader, prompt, request))
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

    async def _reader(self, name: str) -> _Reader:
        file = await anyio.to_thread.run_sync(self._model_of, name)
        return _Reader(file, await self._engine.context_tokens(file))

    def _model_of(self, name: str) -> ModelFile:
        return self._library.find(name) if name else self._library.default()

    async def _prompt(self, reader: _Reader, asked: Asked) -> Prompt:
        if self._library.is_guide(reader.file):
            past = Past(asked.system_prompt, asked.exchanges[-GUIDE_QUESTIONS:], keeps_first=False)
            left_out = history.cut_before(asked.exchanges, GUIDE_QUESTIONS)
        else:
            past = Past(asked.system_prompt, asked.exchanges, asked.cuts.get(reader.file.name), asked.summary)
            left_out = None
        return await history.prompt_for(self._engine, reader.file, reader.context_tokens, past, left_out)

    def _request(
        self, person_id: str, chat_id: str, reader: _Reader, prompt: RenderedPrompt, wish: Wish
    ) -> GenerationRequest:
        is_guide = self._library.is_guide(reader.file)
        max_tokens = wish.max_tokens or (GUIDE_MAX_TOKENS if is_guide else DEFAULT_MAX_TOKENS)
        return GenerationRequest(
            person=person_id,
            tokens=prompt.tokens,
            max_tokens=max_tokens if wish.slides else min(max_tokens, reader.context_tokens - len(prompt.tokens)),
            sampling=wish.sampling or (GUIDE_SAMPLING if is_guide else Sampling()),
            stop=wish.stop,
            chat=chat_id,
            num_shared=prompt.num_shared,
            slides=wish.slides,
            opening=prompt.opening,
        )

    async def _store_and_start(
        self, question: Question, asked: Asked, reader: _Reader, prompt: Prompt, request: GenerationRequest
    ) -> Reply:
        place = await anyio.to_thread.run_sync(
            asking.store, self._database, question, asked, reader.file.name, prompt.cut
        )
        await self._replies.end_background(question.chat_id)
        reply = self._replies.start(question.person_id, reader.file, request, place)
        if self._summaries is not None and not self._library.is_guide(reader.file):
            told = Told(reader.file, reader.context_tokens, prompt, asked.summary, asked.before_last_id)
            self._summaries.follow(reply, told)
        return reply


def check_text(text: str) -> None:
    """Raises InvalidInput for a message that says nothing, or that no database can keep."""
    if not says_something(text):
        raise InvalidInput("message_empty")
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise InvalidInput("message_not_text")
