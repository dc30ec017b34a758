"""Summaries that a model writes while idle: when, of what, and that they give way to people. A token is a word here."""

import anyio
import pytest

from app.engine.events import Delta
from app.errors import Busy, Unavailable
from app.services.accounts import Person
from app.services.chat import ChatService
from app.services.chats import Chats
from app.services.library import Library
from app.services.replies import Replies
from app.services.summaries import Summaries
from app.services.summary_words import ask_for_summary, language_of, summary_turns
from app.settings import Settings
from app.store import summaries as summaries_store
from app.store.database import Database
from app.store.tables import SummaryTable
from app.words.say import CHINESE, ENGLISH
from app.worker.messages import Turn
from tests.scripted_engine import TIMEOUT_SECONDS, Finish, Gate, ScriptedEngine, Step
from tests.services.following import all_events

pytestmark = pytest.mark.anyio

# The context is 512 tokens: 384 are left for the prompt, and 307 make a summary worth while.
LONG = "word " * 150
ANSWER: tuple[Step, ...] = (Delta("I see.", 2), Finish())
SUMMARY: tuple[Step, ...] = (Delta("You like ", 2), Delta("words.", 1), Finish())


@pytest.fixture
def chat_service(
    database: Database, library: Library, engine: ScriptedEngine, settings: Settings, replies: Replies
) -> ChatService:
    """What starts replies, with summaries that are tried again at once."""
    return ChatService(
        database, library, engine, settings, replies, Summaries(database, engine, replies, again_seconds=0)
    )


@pytest.fixture
def chat_id(chats: Chats, ada: Person) -> str:
    """A chat of Ada's."""
    return chats.create(ada.id, system_prompt="Be kind.").id


async def stored(database: Database, chat_id: str, count: int = 1) -> list[SummaryTable]:
    """The summaries of a chat, once there are so many."""
    with anyio.fail_after(TIMEOUT_SECONDS):
        while True:
            with database.reading() as session:
                rows = list(summaries_store.of_chat(session, chat_id))
            if len(rows) >= count:
                return rows
            await anyio.lowlevel.checkpoint()


async def until_quiet(replies: Replies) -> None:
    """Until nothing is done in the background any more."""
    with anyio.fail_after(TIMEOUT_SECONDS):
        while replies._background:
            await anyio.lowlevel.checkpoint()


async def say(chat_service: ChatService, person: Person, chat_id: str, text: str = LONG) -> str:
    reply = await chat_service.start_reply(person.id, chat_id, text)
    await all_events(reply)
    return str(reply.message_id)


async def test_a_chat_that_fills_its_context_is_summarised_as_one_more_turn_of_it(
    chat_service: ChatService, engine: ScriptedEngine, database: Database, chat_id: str, ada: Person
) -> None:
    engine.scripts = [ANSWER, ANSWER, SUMMARY]
    await say(chat_service, ada, chat_id)
    answer_id = await say(chat_service, ada, chat_id)
    (summary,) = await stored(database, chat_id)
    assert (summary.text, summary.after_id, summary.until_id) == ("You like words.", None, answer_id)
    assert summary.model == "tiny-llama"
    request = engine.requests[-1][1]
    assert (request.is_background, request.chat, request.person, request.num_shared) == (True, chat_id, ada.id, 3)
    assert request.max_tokens == 64
    before, turns = engine.rendered[-2][1], engine.rendered[-1][1]
    # All that was read for the answer stands in front of the question for the summary.
    assert turns == (*before, Turn("assistant", "I see."), ask_for_summary(LONG))


async def test_the_summary_is_told_to_the_model_and_shown_once_the_chat_is_cut(
    chat_service: ChatService, chats: Chats, engine: ScriptedEngine, database: Database, chat_id: str, ada: Person
) -> None:
    engine.scripts = [ANSWER, ANSWER, SUMMARY, ANSWER]
    first = [await say(chat_service, ada, chat_id, "First"), await say(chat_service, ada, chat_id, LONG * 2)]
    await stored(database, chat_id)
    assert chats.get(ada.id, chat_id).cut is None
    await say(chat_service, ada, chat_id)
    assert engine.rendered[-1][1] == (
        Turn("system", "Be kind."),
        Turn("user", "First"),
        Turn("assistant", "I see."),
        *summary_turns("You like words."),
        Turn("user", LONG),
    )
    cut = chats.get(ada.id, chat_id).cut
    assert cut is not None
    assert (cut.after_message_id, cut.until_message_id) == tuple(first)
    assert (cut.num_messages, cut.num_summarised, cut.summary) == (2, 2, "You like words.")


async def test_one_summary_is_enough_until_the_next_cut(
    chat_service: ChatService,
    replies: Replies,
    engine: ScriptedEngine,
    database: Database,
    chat_id: str,
    ada: Person,
) -> None:
    engine.scripts = [ANSWER, ANSWER, SUMMARY, ANSWER]
    await say(chat_service, ada, chat_id, "First")
    await say(chat_service, ada, chat_id, LONG * 2)
    await stored(database, chat_id)
    await say(chat_service, ada, chat_id, "Short")
    await until_quiet(replies)
    assert [request.is_background for _, request in engine.requests] == [False, False, True, False]


async def test_a_preempted_summary_is_written_when_there_is_time(
    chat_service: ChatService, engine: ScriptedEngine, database: Database, chat_id: str, ada: Person
) -> None:
    engine.scripts = [ANSWER, (Delta("You", 1), Busy("preempted")), (Busy("queue_full", waiting=64),), SUMMARY]
    await say(chat_service, ada, chat_id, LONG * 2 + "more " * 50)
    assert [row.text for row in await stored(database, chat_id)] == ["You like words."]
    assert [request.is_background for _, request in engine.requests] == [False, True, True, True]


async def test_a_person_who_goes_on_in_the_chat_ends_its_summary_first(
    chat_service: ChatService, engine: ScriptedEngine, database: Database, chat_id: str, ada: Person
) -> None:
    gate = Gate()
    engine.scripts = [ANSWER, (Delta("You", 1), gate), ANSWER, SUMMARY]
    await say(chat_service, ada, chat_id, LONG * 2 + "more " * 50)
    with anyio.fail_after(TIMEOUT_SECONDS):
        await gate.reached.wait()
    await say(chat_service, ada, chat_id, "Go on.")
    assert engine.num_ended_early == 1
    assert [row.text for row in await stored(database, chat_id)] == ["You like words."]


async def test_a_deleted_chat_is_summarised_no_more_and_forgotten(
    chat_service: ChatService,
    replies: Replies,
    engine: ScriptedEngine,
    database: Database,
    chat_id: str,
    ada: Person,
    bob: Person,
) -> None:
    gate = Gate()
    engine.scripts = [ANSWER, (gate, *SUMMARY)]
    await say(chat_service, ada, chat_id, LONG * 2 + "more " * 50)
    with anyio.fail_after(TIMEOUT_SECONDS):
        await gate.reached.wait()
        with pytest.raises(Exception, match="chat_unknown"):
            await chat_service.delete(bob.id, chat_id)
        assert engine.forgotten == []
        await chat_service.delete(ada.id, chat_id)
    assert engine.forgotten == [(ada.id, chat_id)]
    assert engine.num_ended_early == 1
    await until_quiet(replies)
    with database.reading() as session:
        assert summaries_store.of_chat(session, chat_id) == []


async def test_a_model_that_thinks_may_do_so_for_its_summary_and_only_the_rest_is_kept(
    chat_service: ChatService, engine: ScriptedEngine, database: Database, chat_id: str, ada: Person
) -> None:
    thoughts = Delta("<think>What was it?</think>", 4)
    engine.scripts = [(thoughts, *ANSWER), (thoughts, *SUMMARY)]
    await say(chat_service, ada, chat_id, LONG * 2)
    assert [row.text for row in await stored(database, chat_id)] == ["You like words."]
    assert engine.rendered[-1][1][-2] == Turn("assistant", "I see.")
    assert engine.requests[-1][1].max_tokens == 512 - len(engine.requests[-1][1].tokens)


async def test_summaries_go_with_their_chat(
    chat_service: ChatService, engine: ScriptedEngine, database: Database, chat_id: str, ada: Person
) -> None:
    engine.scripts = [ANSWER, SUMMARY]
    await say(chat_service, ada, chat_id, LONG * 2 + "more " * 50)
    await stored(database, chat_id)
    await chat_service.delete(ada.id, chat_id)
    with database.reading() as session:
        assert summaries_store.of_chat(session, chat_id) == []


async def test_a_closed_server_begins_nothing_in_the_background(replies: Replies) -> None:
    async def never() -> None:
        raise AssertionError("it was begun")

    await replies.close()
    replies.in_background("chat", never())
    await replies.end_background("chat")


async def test_a_chat_deleted_behind_our_back_stores_no_summary(
    chat_service: ChatService, chats: Chats, replies: Replies, engine: ScriptedEngine, chat_id: str, ada: Person
) -> None:
    gate = Gate()
    engine.scripts = [ANSWER, (gate, *SUMMARY)]
    await say(chat_service, ada, chat_id, LONG * 2 + "more " * 50)
    with anyio.fail_after(TIMEOUT_SECONDS):
        await gate.reached.wait()
    chats.delete(ada.id, chat_id)
    gate.open.set()
    await until_quiet(replies)


async def test_a_model_that_was_unloaded_is_not_loaded_again_for_a_summary(
    database: Database, library: Library, settings: Settings, chat_id: str, ada: Person
) -> None:
    class Unloaded(ScriptedEngine):
        def loaded(self) -> list:  # type: ignore[type-arg]
            return []

    engine = Unloaded(ANSWER, (Busy("preempted"),))
    replies = Replies(database, engine)
    service = ChatService(database, library, engine, settings, replies, Summaries(database, engine, replies, 0))
    await say(service, ada, chat_id, LONG * 2 + "more " * 50)
    await until_quiet(replies)
    assert [request.is_background for _, request in engine.requests] == [False, True]


@pytest.mark.parametrize("steps", [(Unavailable("worker_died"),), (Delta(" \n", 1), Finish()), (Finish("stopped"),)])
async def test_a_summary_that_fails_or_says_nothing_is_no_trouble(
    chat_service: ChatService,
    replies: Replies,
    engine: ScriptedEngine,
    database: Database,
    chat_id: str,
    ada: Person,
    steps: tuple[Step, ...],
) -> None:
    engine.scripts = [ANSWER, steps]
    await say(chat_service, ada, chat_id, LONG * 2 + "more " * 50)
    await until_quiet(replies)
    with database.reading() as session:
        assert summaries_store.of_chat(session, chat_id) == []


async def test_the_guide_short_chats_and_failed_answers_are_not_summarised(
    chat_service: ChatService, chats: Chats, replies: Replies, engine: ScriptedEngine, chat_id: str, ada: Person
) -> None:
    await say(chat_service, ada, chat_id, "Short")
    engine.scripts = [(Unavailable("worker_died"),)]
    await say(chat_service, ada, chat_id, LONG * 2 + "more " * 50)
    engine.scripts = [ANSWER]
    guide = chats.create(ada.id, model="hearth-guide")
    await say(chat_service, ada, guide.id, "word " * 180)
    await until_quiet(replies)
    assert not any(request.is_background for _, request in engine.requests)


async def test_a_stopping_server_ends_a_summary(
    chat_service: ChatService, replies: Replies, engine: ScriptedEngine, chat_id: str, ada: Person
) -> None:
    gate = Gate()
    engine.scripts = [ANSWER, (gate, *SUMMARY)]
    await say(chat_service, ada, chat_id, LONG * 2 + "more " * 50)
    with anyio.fail_after(TIMEOUT_SECONDS):
        await gate.reached.wait()
        await replies.close(TIMEOUT_SECONDS)
    assert engine.num_ended_early == 1
    assert not replies._background


async def test_a_chat_too_full_for_a_question_more_is_summarised_up_to_its_last_exchange(
    chat_service: ChatService, engine: ScriptedEngine, database: Database, chat_id: str, ada: Person
) -> None:
    engine.scripts = [ANSWER, (Delta("word " * 140, 140), Finish()), SUMMARY]
    first = await say(chat_service, ada, chat_id)
    await say(chat_service, ada, chat_id, LONG)
    (summary,) = await stored(database, chat_id)
    assert (summary.after_id, summary.until_id) == (None, first)


def test_the_question_is_in_the_language_of_the_chat() -> None:
    assert language_of("How do I call malloc()?") == ENGLISH
    assert language_of("请解释一下 malloc() 是什么") == CHINESE
    assert language_of("42") == ENGLISH
    assert ask_for_summary("你好").content.startswith("请总结")
