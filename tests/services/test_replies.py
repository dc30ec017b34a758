"""Every reply ends in exactly one of finished, stopped and failed, and what was said is stored."""

import anyio
import pytest

from app.engine.events import Delta, Finished, Queued
from app.errors import NotFound, Unavailable
from app.services.accounts import Person
from app.services.chat import ChatService
from app.services.chats import Chats, MessageView
from app.services.replies import Replies, Reply, Times
from app.services.reply_events import FailedEvent, Stopped
from app.store.database import Database
from tests.scripted_engine import TIMEOUT_SECONDS, Finish, Gate, ScriptedEngine
from tests.services.following import all_events, ending_of

pytestmark = pytest.mark.anyio


@pytest.fixture
def chat_id(chats: Chats, ada: Person) -> str:
    """A chat of Ada's."""
    return chats.create(ada.id).id


def answer(chats: Chats, person: Person, chat_id: str) -> MessageView:
    return chats.get(person.id, chat_id).messages[-1]


def status(chats: Chats, person: Person, chat_id: str) -> str:
    reply = answer(chats, person, chat_id).reply
    assert reply is not None
    return reply.status


def fill_disk(database: Database) -> None:
    """From now on, no end of a reply can be stored."""
    with database.transaction() as session:
        session.connection().exec_driver_sql(
            "CREATE TRIGGER full BEFORE UPDATE ON replies BEGIN SELECT RAISE(ABORT, 'disk full'); END"
        )


def empty_disk(database: Database) -> None:
    with database.transaction() as session:
        session.connection().exec_driver_sql("DROP TRIGGER full")


async def test_an_engine_that_fails_ends_the_reply_and_keeps_the_text(
    chat_service: ChatService, chats: Chats, engine: ScriptedEngine, ada: Person, chat_id: str
) -> None:
    engine.will_say(Queued(1, None), Delta("Half a", 2), Unavailable("worker_died", name="tiny"))
    reply = await chat_service.start_reply(ada.id, chat_id, "Hello?")
    assert await ending_of(reply) == FailedEvent("worker_died", {"name": "tiny"})
    stored = answer(chats, ada, chat_id)
    assert stored.text == reply.text == "Half a"
    assert stored.reply is not None
    assert (stored.reply.status, stored.reply.error_code) == ("failed", "worker_died")
    assert stored.reply.error_params == {"name": "tiny"}
    assert stored.reply.completion_tokens == 2
    assert stored.reply.first_token_seconds is not None


async def test_a_mistake_of_ours_ends_the_reply_too(
    chat_service: ChatService,
    chats: Chats,
    engine: ScriptedEngine,
    ada: Person,
    chat_id: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    engine.will_say(Delta("Half a", 2), ZeroDivisionError("a mistake"))
    reply = await chat_service.start_reply(ada.id, chat_id, "Hello?")
    assert await ending_of(reply) == FailedEvent("reply_internal_error", {})
    assert status(chats, ada, chat_id) == "failed"
    assert "a mistake" in caplog.text


async def test_an_engine_that_falls_silent_ends_the_reply(
    chat_service: ChatService, chats: Chats, engine: ScriptedEngine, ada: Person, chat_id: str
) -> None:
    engine.will_say(Delta("Half a", 2))
    reply = await chat_service.start_reply(ada.id, chat_id, "Hello?")
    assert await ending_of(reply) == FailedEvent("reply_broken_off", {})
    assert answer(chats, ada, chat_id).text == "Half a"


async def test_stop_keeps_the_text_and_returns_when_it_is_stored(
    chat_service: ChatService, chats: Chats, engine: ScriptedEngine, ada: Person, chat_id: str
) -> None:
    gate = Gate()
    engine.will_say(Delta("One, ", 1), Delta("two", 1), gate, Delta(", three", 1), Finish())
    reply = await chat_service.start_reply(ada.id, chat_id, "Count.")
    with anyio.fail_after(TIMEOUT_SECONDS):
        await gate.reached.wait()
        await reply.stop()
    assert engine.num_ended_early == 1
    stored = answer(chats, ada, chat_id)
    assert stored.text == "One, two"
    assert stored.reply is not None
    assert (stored.reply.status, stored.reply.stop_reason, stored.reply.completion_tokens) == ("stopped", "stopped", 2)
    assert (await all_events(reply))[-1].event == Stopped("person")


async def test_a_reply_that_waits_in_the_queue_can_be_stopped(
    chat_service: ChatService, chats: Chats, engine: ScriptedEngine, ada: Person, chat_id: str
) -> None:
    gate = Gate()
    engine.will_say(Queued(3, None), gate, Finish())
    reply = await chat_service.start_reply(ada.id, chat_id, "Hello?")
    with anyio.fail_after(TIMEOUT_SECONDS):
        await gate.reached.wait()
        await reply.stop()
        await reply.stop()
    assert (reply.status, reply.text) == ("stopped", "")
    assert status(chats, ada, chat_id) == "stopped"


async def test_stopping_what_is_over_changes_nothing(
    chat_service: ChatService, chats: Chats, ada: Person, chat_id: str
) -> None:
    reply = await chat_service.start_reply(ada.id, chat_id, "Hello?")
    await all_events(reply)
    await reply.stop()
    assert (reply.status, status(chats, ada, chat_id)) == ("finished", "finished")


async def test_a_finished_reply_is_stored_with_its_numbers(
    chat_service: ChatService, chats: Chats, ada: Person, chat_id: str
) -> None:
    reply = await chat_service.start_reply(ada.id, chat_id, "Hello?")
    assert isinstance(await ending_of(reply), Finished)
    stored = answer(chats, ada, chat_id)
    assert (stored.text, stored.id) == ("Hello there!", reply.message_id)
    assert stored.reply is not None
    assert (stored.reply.id, stored.reply.status, stored.reply.model) == (reply.id, "finished", "tiny-llama")
    assert (stored.reply.prompt_tokens, stored.reply.cached_tokens, stored.reply.completion_tokens) == (3, 0, 3)
    assert (stored.reply.first_token_seconds, stored.reply.tokens_per_second) == (0.25, 10.0)
    assert (stored.reply.stop_reason, stored.reply.error_code) == ("end", None)


async def test_the_text_so_far_is_stored_while_it_is_written(
    database: Database, engine: ScriptedEngine, chats: Chats, chat_service: ChatService, ada: Person, chat_id: str
) -> None:
    gate = Gate()
    engine.will_say(Delta("So far", 2), gate, Finish())
    chat_service._replies = Replies(database, engine, Times(store_every_seconds=0.01))
    reply = await chat_service.start_reply(ada.id, chat_id, "Hello?")
    with anyio.fail_after(TIMEOUT_SECONDS):
        while answer(chats, ada, chat_id).text != "So far":
            await anyio.lowlevel.checkpoint()
    assert status(chats, ada, chat_id) == "running"
    gate.open.set()
    assert isinstance(await ending_of(reply), Finished)


async def test_deleting_the_chat_ends_the_reply(
    database: Database, engine: ScriptedEngine, chats: Chats, chat_service: ChatService, ada: Person, chat_id: str
) -> None:
    gate = Gate()
    engine.will_say(Delta("So far", 2), gate, Finish())
    chat_service._replies = Replies(database, engine, Times(store_every_seconds=0.01))
    reply = await chat_service.start_reply(ada.id, chat_id, "Hello?")
    with anyio.fail_after(TIMEOUT_SECONDS):
        await gate.reached.wait()
    chats.delete(ada.id, chat_id)
    assert await ending_of(reply) == Stopped("person")
    assert engine.num_ended_early == 1
    assert chats.list(ada.id) == []


async def test_an_end_that_cannot_be_stored_is_told(
    chat_service: ChatService,
    database: Database,
    engine: ScriptedEngine,
    ada: Person,
    chat_id: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    gate = Gate()
    engine.will_say(Delta("Lost?", 1), gate, Finish())
    reply = await chat_service.start_reply(ada.id, chat_id, "Hello?")
    fill_disk(database)
    gate.open.set()
    assert await ending_of(reply) == FailedEvent("reply_not_stored", {})
    assert reply.text == "Lost?"
    assert "disk full" in caplog.text


async def test_an_end_that_could_not_be_stored_is_stored_when_the_disk_has_space_again(
    chat_service: ChatService, database: Database, engine: ScriptedEngine, chats: Chats, ada: Person, chat_id: str
) -> None:
    gate = Gate()
    engine.will_say(Delta("Not lost", 1), gate, Finish())
    chat_service._replies = Replies(database, engine, Times(store_again_seconds=0.01))
    reply = await chat_service.start_reply(ada.id, chat_id, "Hello?")
    fill_disk(database)
    gate.open.set()
    assert await ending_of(reply) == FailedEvent("reply_not_stored", {})
    assert status(chats, ada, chat_id) == "running"
    empty_disk(database)
    with anyio.fail_after(TIMEOUT_SECONDS):
        while status(chats, ada, chat_id) == "running":
            await anyio.lowlevel.checkpoint()
    assert (status(chats, ada, chat_id), answer(chats, ada, chat_id).text) == ("finished", "Not lost")


@pytest.mark.parametrize("has_space_again", [True, False])
async def test_closing_tries_once_more_to_store_an_end_and_does_not_wait_for_it(
    chat_service: ChatService,
    database: Database,
    engine: ScriptedEngine,
    chats: Chats,
    ada: Person,
    chat_id: str,
    has_space_again: bool,
) -> None:
    gate = Gate()
    engine.will_say(Delta("Not lost", 1), gate, Finish())
    replies = Replies(database, engine, Times(store_again_seconds=3600))
    chat_service._replies = replies
    reply = await chat_service.start_reply(ada.id, chat_id, "Hello?")
    fill_disk(database)
    gate.open.set()
    await ending_of(reply)
    if has_space_again:
        empty_disk(database)
    with anyio.fail_after(TIMEOUT_SECONDS):
        await replies.close(seconds=3600)
    assert status(chats, ada, chat_id) == ("finished" if has_space_again else "running")


async def test_replies_of_others_are_unknown(
    chat_service: ChatService, replies: Replies, engine: ScriptedEngine, ada: Person, bob: Person, chat_id: str
) -> None:
    gate = Gate()
    engine.will_say(gate, Finish())
    reply = await chat_service.start_reply(ada.id, chat_id, "Hello?")
    assert replies.find(ada.id, reply.id) is reply
    assert replies.of_chat(chat_id) is reply
    assert replies.running() == [reply]
    for person_id, reply_id in ((bob.id, reply.id), (ada.id, "unknown")):
        with pytest.raises(NotFound) as caught:
            replies.find(person_id, reply_id)
        assert caught.value.code == "reply_unknown"
    gate.open.set()
    await all_events(reply)
    assert replies.of_chat(chat_id) is None
    assert replies.running() == []


async def test_a_forgotten_reply_is_told_again_from_the_database(
    database: Database, engine: ScriptedEngine, chat_service: ChatService, ada: Person, bob: Person, chat_id: str
) -> None:
    replies = Replies(database, engine, Times(remember_seconds=0))
    chat_service._replies = replies
    reply = await chat_service.start_reply(ada.id, chat_id, "Hello?")
    live = await all_events(reply)
    again: Reply = reply
    with anyio.fail_after(TIMEOUT_SECONDS):
        while again is reply:
            await anyio.lowlevel.checkpoint()
            again = replies.find(ada.id, reply.id)
    assert (again.text, again.status, again.is_over) == ("Hello there!", "finished", True)
    assert (again.chat_id, again.message_id, again.model) == (chat_id, reply.message_id, "tiny-llama")
    assert (await all_events(again))[-1] == live[-1]
    seen = live[-2].number - len(" there!")
    assert "".join(e.event.text for e in await all_events(again, seen) if isinstance(e.event, Delta)) == " there!"
    with pytest.raises(NotFound):
        replies.find(bob.id, reply.id)
