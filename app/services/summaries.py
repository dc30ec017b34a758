"""Summaries of long chats, written by the model itself while nobody waits for it.

After a reply, once a chat fills a good part of the context, the model is asked for a summary as one more turn of the
chat, so that it only has to read the question. It is used when the chat is cut the next time: see `history.py`.
"""

import asyncio
import contextlib
import logging
from dataclasses import dataclass

import anyio

from app.engine.events import Delta, Finished, GenerationRequest, ModelFile, RenderedPrompt
from app.engine.face import Engine
from app.errors import Busy, HearthError, NotFound
from app.services import chats
from app.services.cut import Summary
from app.services.history import Prompt
from app.services.replies import Replies, Reply
from app.services.summary_words import ask_for_summary
from app.store import summaries as summaries_store
from app.store.database import Database
from app.worker.messages import Sampling, Turn
from app.worker.reasoning import split, without_reasoning

log = logging.getLogger(__name__)

# A summary is written once a chat fills this part of the context, so before it must be cut.
FILLED = 0.6
# How long it may be: this many tokens, but no more than this part of the context.
MOST_TOKENS = 512
MOST_SHARE = 8
# A model that thinks before it answers does so for a summary too: it may write so many times as much.
THINKING = 4
SAMPLING = Sampling(temperature=0.3)


@dataclass(frozen=True, slots=True)
class Told:
    """What a reply's model was told. `summary` is the newest one of the path, `before_id` what stands before the
    question that it answers."""

    model: ModelFile
    context_tokens: int
    prompt: Prompt
    summary: Summary | None
    before_id: str | None


@dataclass(frozen=True, slots=True)
class _Task:
    """A summary that is to be written: of what is said in `turns` but for the last one, which asks for it."""

    turns: tuple[Turn, ...]
    after_id: str | None
    until_id: str


class Summaries:
    """Writes summaries, one at a time, as background work of `replies`."""

    def __init__(self, database: Database, engine: Engine, replies: Replies, again_seconds: float = 5.0) -> None:
        self._database = database
        self._engine = engine
        self._replies = replies
        self._again_seconds = again_seconds
        self._one_at_a_time = asyncio.Lock()

    def follow(self, reply: Reply, told: Told) -> None:
        """After this reply of a chat, write a summary if one is due. Given up when the next reply there starts."""
        assert reply.chat_id is not None, "what is not stored is not summarised"
        self._replies.in_background(reply.chat_id, self._after(reply, told))

    async def _after(self, reply: Reply, told: Told) -> None:
        await reply.over()
        num_tokens = len(told.prompt.tokens) + reply.num_tokens
        if reply.status == "failed" or num_tokens < FILLED * told.context_tokens or _has_unused(told):
            return
        try:
            async with self._one_at_a_time:
                await self._summarise(reply, told)
        except HearthError as error:
            log.info("chat %s is not summarised: %s %s", reply.chat_id, error.code, dict(error.params))
        except Exception:
            log.exception("chat %s could not be summarised", reply.chat_id)

    async def _summarise(self, reply: Reply, told: Told) -> None:
        most_tokens = min(MOST_TOKENS, told.context_tokens // MOST_SHARE)
        for task in _tasks(reply, told):
            rendered = await self._engine.render(told.model, task.turns)
            if len(rendered.tokens) + most_tokens <= told.context_tokens:
                break
        else:
            return
        request = GenerationRequest(
            person=reply.person_id,
            tokens=rendered.tokens,
            max_tokens=min(most_tokens * _patience(reply, rendered), told.context_tokens - len(rendered.tokens)),
            sampling=SAMPLING,
            chat=reply.chat_id or "",
            num_shared=rendered.num_shared,
            is_background=True,
            opening=rendered.opening,
        )
        text = without_reasoning(await self._when_idle(told.model, request)).strip()
        if text:
            await anyio.to_thread.run_sync(self._store, reply, task, text)

    async def _when_idle(self, model: ModelFile, request: GenerationRequest) -> str:
        """The text of a generation that is begun again whenever a person's reply has taken its place."""
        while True:
            try:
                return await self._written(model, request)
            except Busy:
                await asyncio.sleep(self._again_seconds)
            if not any(loaded.name == model.name for loaded in self._engine.loaded()):
                # To load a model only for this could drive out one that somebody uses.
                return ""

    async def _written(self, model: ModelFile, request: GenerationRequest) -> str:
        text = ""
        async with contextlib.aclosing(self._engine.generate(model, request)) as events:
            async for event in events:
                if isinstance(event, Delta):
                    text += event.text
                elif isinstance(event, Finished):
                    return "" if event.reason == "stopped" else text
        return ""

    def _store(self, reply: Reply, task: _Task, text: str) -> None:
        assert reply.chat_id is not None
        with contextlib.suppress(NotFound), self._database.transaction() as session:
            chats.owned(session, reply.person_id, reply.chat_id)
            summaries_store.add(
                session,
                chat_id=reply.chat_id,
                after_id=task.after_id,
                until_id=task.until_id,
                text=text,
                model=reply.model,
            )


def _has_unused(told: Told) -> bool:
    """Whether there is a summary already that the next cut will use."""
    used = told.prompt.cut.summary if told.prompt.cut else None
    return told.summary is not None and (used is None or used.id != told.summary.id)


def _tasks(reply: Reply, told: Told) -> list[_Task]:
    """All that was said, and, where that leaves no room for a summary, all but the last exchange."""
    asked, answer = told.prompt.turns, without_reasoning(reply.text)
    after_id = _unread_until(told)
    tasks = []
    if answer.strip() and reply.message_id is not None:
        whole = (*asked, Turn("assistant", answer))
        tasks.append(_Task((*whole, ask_for_summary(_text(whole))), after_id, reply.message_id))
    if told.before_id is not None and len(asked) > 1 and asked[-2].role == "assistant":
        tasks.append(_Task((*asked[:-1], ask_for_summary(_text(asked[:-1]))), after_id, told.before_id))
    return tasks


def _patience(reply: Reply, rendered: RenderedPrompt) -> int:
    return THINKING if rendered.opening or split(reply.text)[0] else 1


def _unread_until(told: Told) -> str | None:
    """The last message that is told neither in the prompt nor in its summary; None: there is none."""
    cut = told.prompt.cut
    if cut is None:
        return None
    return cut.summary.after_id if cut.summary is not None else cut.until_id


def _text(turns: tuple[Turn, ...]) -> str:
    return "\n".join(turn.content for turn in turns if turn.role != "system")
