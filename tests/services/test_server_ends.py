"""What becomes of replies when the server goes down, in good order or by kill -9."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator

import anyio
import pytest

from app.engine.events import Delta, EngineEvent, GenerationRequest, ModelFile, Queued
from app.errors import Unavailable
from app.services.accounts import Person
from app.services.chat import ChatService
from app.services.chats import Chats
from app.services.library import Library
from app.services.replies import Replies, Times
from app.services.reply_events import FailedEvent, Stopped
from app.settings import Settings
from app.store.database import Database
from tests.scripted_engine import TIMEOUT_SECONDS, Gate, ScriptedEngine, Signal
from tests.services.following import all_events, ending_of

pytestmark = pytest.mark.anyio


async def test_closing_stores_what_was_said_of_every_reply(
    chat_service: ChatService, replies: Replies, chats: Chats, engine: ScriptedEngine, ada: Person
) -> None:
    gates = [Gate(), Gate()]
    engine.scripts = [[Delta("First", 1), gates[0]], [Delta("Second", 1), gates[1]]]
    started = []
    for gate in gates:
        started.append(await chat_service.start_reply(ada.id, chats.create(ada.id).id, "Hello?"))
        with anyio.fail_after(TIMEOUT_SECONDS):
            await gate.reached.wait()
    with anyio.fail_after(TIMEOUT_SECONDS):
        await replies.close(seconds=10)
    assert [reply.text for reply in started] == ["First", "Second"]
    for reply in started:
        assert reply.chat_id is not None
        stored = chats.get(ada.id, reply.chat_id).messages[-1]
        assert stored.text == reply.text
        assert stored.reply is not None
        assert (stored.reply.status, stored.reply.stop_reason) == ("stopped", "server")
        assert await ending_of(reply) == Stopped("server")


async def test_nothing_starts_while_the_server_goes_down(
    chat_service: ChatService, replies: Replies, chats: Chats, ada: Person
) -> None:
    await replies.close()
    chat = chats.create(ada.id)
    with pytest.raises(Unavailable) as caught:
        await chat_service.start_reply(ada.id, chat.id, "Hello?")
    assert caught.value.code == "server_stopping"
    assert chats.get(ada.id, chat.id).messages == []


async def test_after_a_kill_the_reply_has_failed_and_the_next_message_works(
    settings: Settings, library: Library, engine: ScriptedEngine, database: Database, chats: Chats, ada: Person
) -> None:
    killed = Replies(database, engine, Times(store_every_seconds=0.01))
    gate = Gate()
    engine.will_say(Queued(1, None), Delta("So far", 2), gate)
    chat = chats.create(ada.id)
    reply = await ChatService(database, library, engine, settings, killed).start_reply(ada.id, chat.id, "Hello?")
    with anyio.fail_after(TIMEOUT_SECONDS):
        while chats.get(ada.id, chat.id).messages[-1].text != "So far":
            await anyio.lowlevel.checkpoint()

    # The new server finds the database as the killed one left it.
    again = Database(settings.sqlalchemy_url)
    again.migrate()
    new_engine = ScriptedEngine()
    replies = Replies(again, new_engine)
    assert [summary.is_answering for summary in Chats(again).list(ada.id)] == [True]
    assert replies.fail_interrupted() == 1
    assert replies.fail_interrupted() == 0
    assert [summary.is_answering for summary in Chats(again).list(ada.id)] == [False]
    question, answer = Chats(again).get(ada.id, chat.id).messages
    assert (question.text, answer.text) == ("Hello?", "So far")
    assert answer.reply is not None
    assert (answer.reply.status, answer.reply.error_code) == ("failed", "server_stopped")

    found = replies.find(ada.id, reply.id)
    # Somebody who saw more than was stored before the kill hears the end, and nothing twice.
    assert [numbered.event for numbered in await all_events(found, after=50)] == [FailedEvent("server_stopped", {})]
    seen = [numbered.event for numbered in await all_events(found, after=1 + len("So"))]
    assert seen == [Delta(" far", 0), FailedEvent("server_stopped", {})]

    service = ChatService(again, library, new_engine, settings, replies)
    following = await service.start_reply(ada.id, chat.id, "And now?")
    await all_events(following)
    assert [message.text for message in Chats(again).get(ada.id, chat.id).messages] == [
        "Hello?",
        "So far",
        "And now?",
        "Hello there!",
    ]
    assert [turn.content for turn in new_engine.rendered[-1][1]] == ["Hello?", "So far", "And now?"]
    await killed.close()
    again.close()


class StubbornEngine(ScriptedEngine):
    """Does not let go of a generation when it is cancelled, until the gate is opened."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = Gate()
        self.let_go = Signal()

    async def generate(self, model: ModelFile, request: GenerationRequest) -> AsyncGenerator[EngineEvent, None]:
        self.requests.append((model, request))
        yield Delta("So far", 2)
        self.gate.reached.set()
        while not self.gate.open.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await self.gate.open.wait()
        try:
            yield Delta(", and too late", 3)
        finally:
            self.let_go.set()


async def test_an_engine_that_does_not_let_go_does_not_hold_up_the_end(
    settings: Settings, library: Library, database: Database, chats: Chats, ada: Person
) -> None:
    engine = StubbornEngine()
    service = ChatService(database, library, engine, settings, Replies(database, engine, Times(grace_seconds=0.01)))
    chat = chats.create(ada.id)
    reply = await service.start_reply(ada.id, chat.id, "Hello?")
    with anyio.fail_after(TIMEOUT_SECONDS):
        await engine.gate.reached.wait()
        await reply.stop()
        assert chats.get(ada.id, chat.id).messages[-1].text == "So far"
        engine.gate.open.set()
        await engine.let_go.wait()
    assert reply.text == "So far"
