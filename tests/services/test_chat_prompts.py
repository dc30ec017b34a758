"""What a started reply asks of the engine: whose chat it is, how long, and what of a long chat is read."""

import pytest

from app.engine.events import Delta
from app.services.accounts import Person
from app.services.chat import ChatService
from app.services.chats import Chats
from app.worker.messages import Turn
from tests.scripted_engine import Finish, ScriptedEngine
from tests.services.following import all_events

pytestmark = pytest.mark.anyio


@pytest.fixture
def chat_id(chats: Chats, ada: Person) -> str:
    """A chat of Ada's."""
    return chats.create(ada.id).id


async def test_the_engine_is_told_whose_chat_it_is_and_how_much_is_shared(
    chat_service: ChatService, chats: Chats, engine: ScriptedEngine, ada: Person, chat_id: str
) -> None:
    chats.update(ada.id, chat_id, system_prompt="Be kind.")
    await all_events(await chat_service.start_reply(ada.id, chat_id, "One"))
    await all_events(await chat_service.start_stateless(ada.id, [Turn("user", "Hello?")], "tiny-llama"))
    stored, stateless = (request for _, request in engine.requests)
    assert (stored.person, stored.chat, stored.num_shared, stored.slides) == (ada.id, chat_id, 3, False)
    assert (stateless.person, stateless.chat, stateless.num_shared) == (ada.id, "", 0)


async def test_an_endless_answer_is_not_bounded_by_the_context(
    chat_service: ChatService, engine: ScriptedEngine, ada: Person, chat_id: str
) -> None:
    await all_events(await chat_service.start_reply(ada.id, chat_id, "One", max_tokens=9000, slides=True))
    request = engine.requests[0][1]
    assert (request.slides, request.max_tokens) == (True, 9000)


async def test_what_was_thought_is_not_read_again(
    chat_service: ChatService, engine: ScriptedEngine, ada: Person, chat_id: str
) -> None:
    engine.scripts = [(Delta("<think>Hm, hello.</think>", 5), Delta("Hello!", 2), Finish()), (Finish(),)]
    await all_events(await chat_service.start_reply(ada.id, chat_id, "One"))
    await all_events(await chat_service.start_reply(ada.id, chat_id, "Two"))
    assert engine.rendered[-1][1] == (Turn("user", "One"), Turn("assistant", "Hello!"), Turn("user", "Two"))


async def test_a_chat_that_is_too_long_is_cut_and_says_where(
    chat_service: ChatService, chats: Chats, engine: ScriptedEngine, ada: Person, chat_id: str
) -> None:
    for number in range(6):
        await all_events(await chat_service.start_reply(ada.id, chat_id, f"q{number} " + "word " * 80))
    assert [turn.content[:2] for turn in engine.rendered[-1][1] if turn.role == "user"] == ["q0", "q4", "q5"]
    view = chats.get(ada.id, chat_id)
    assert view.cut is not None
    assert (view.cut.after_message_id, view.cut.num_messages, view.cut.num_summarised) == (view.messages[1].id, 6, 0)
    # A branch from the time before the cut is whole again.
    await all_events(await chat_service.start_reply(ada.id, chat_id, "Two", parent_id=view.messages[1].id))
    assert chats.get(ada.id, chat_id).cut is None


async def test_what_the_guide_does_not_read_is_shown_too(
    chat_service: ChatService, chats: Chats, ada: Person, chat_id: str
) -> None:
    for number in range(5):
        await all_events(await chat_service.start_reply(ada.id, chat_id, f"q{number}", model="hearth-guide"))
    cut = chats.get(ada.id, chat_id).cut
    assert cut is not None
    assert (cut.after_message_id, cut.num_messages) == (None, 4)
