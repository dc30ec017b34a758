"""Chats as people see them: their own only, as a path or a tree."""

from collections.abc import Callable

import pytest

from app.errors import NotFound
from app.services.accounts import Person
from app.services.chat import ChatService
from app.services.chats import Chats
from tests.scripted_engine import ScriptedEngine
from tests.services.following import all_events

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    "use",
    [
        lambda chats, person_id, chat_id: chats.get(person_id, chat_id),
        lambda chats, person_id, chat_id: chats.tree(person_id, chat_id),
        lambda chats, person_id, chat_id: chats.update(person_id, chat_id, title="Mine now"),
        lambda chats, person_id, chat_id: chats.delete(person_id, chat_id),
    ],
)
def test_a_chat_of_somebody_else_reads_like_one_that_is_not_there(
    chats: Chats, ada: Person, bob: Person, use: Callable[[Chats, str, str], object]
) -> None:
    chat = chats.create(ada.id, title="Private")
    for person_id, chat_id in ((bob.id, chat.id), (ada.id, "unknown")):
        with pytest.raises(NotFound) as caught:
            use(chats, person_id, chat_id)
        assert (caught.value.code, caught.value.params) == ("chat_unknown", {})
    assert chats.list(bob.id) == []
    assert [summary.title for summary in chats.list(ada.id)] == ["Private"]


def test_a_new_chat_is_empty_and_stands_first(chats: Chats, ada: Person) -> None:
    older = chats.create(ada.id)
    newer = chats.create(ada.id, title="  Two \n words ", model="tiny-llama", system_prompt="Be kind.")
    assert [summary.id for summary in chats.list(ada.id)] == [newer.id, older.id]
    assert (newer.title, newer.model, newer.is_answering) == ("Two words", "tiny-llama", False)
    view = chats.get(ada.id, newer.id)
    assert (view.system_prompt, view.active_leaf_id, view.messages) == ("Be kind.", None, [])


def test_a_changed_chat_moves_to_the_top(chats: Chats, ada: Person) -> None:
    older, _ = chats.create(ada.id), chats.create(ada.id)
    changed = chats.update(ada.id, older.id, title="x" * 300, model="other", system_prompt="Be brief.")
    assert (changed.title, changed.model) == ("x" * 200, "other")
    assert chats.get(ada.id, older.id).system_prompt == "Be brief."
    assert chats.list(ada.id)[0].id == older.id


async def test_branches_are_siblings_and_the_active_one_can_be_chosen(
    chats: Chats, chat_service: ChatService, ada: Person
) -> None:
    chat = chats.create(ada.id)
    await all_events(await chat_service.start_reply(ada.id, chat.id, "First question"))
    await all_events(await chat_service.start_reply(ada.id, chat.id, "Second question"))
    first, first_answer, second, second_answer = chats.get(ada.id, chat.id).messages
    await all_events(await chat_service.start_reply(ada.id, chat.id, "Other question", parent_id=first_answer.id))

    path = chats.get(ada.id, chat.id)
    assert [message.text for message in path.messages] == [
        "First question",
        "Hello there!",
        "Other question",
        "Hello there!",
    ]
    other = path.messages[2]
    assert other.parent_id == first_answer.id
    assert other.sibling_ids == [second.id, other.id]
    assert first.sibling_ids == [first.id]
    assert len(chats.tree(ada.id, chat.id)) == 6

    chats.update(ada.id, chat.id, active_leaf_id=second.id)
    chosen = chats.get(ada.id, chat.id)
    assert chosen.active_leaf_id == second_answer.id
    assert [message.id for message in chosen.messages] == [first.id, first_answer.id, second.id, second_answer.id]


async def test_a_message_of_another_chat_cannot_become_active(
    chats: Chats, chat_service: ChatService, ada: Person
) -> None:
    chat, other = chats.create(ada.id), chats.create(ada.id)
    await all_events(await chat_service.start_reply(ada.id, chat.id, "Question"))
    message = chats.get(ada.id, chat.id).messages[0]
    with pytest.raises(NotFound) as caught:
        chats.update(ada.id, other.id, title="Changed", active_leaf_id=message.id)
    assert caught.value.code == "message_unknown"
    assert chats.get(ada.id, other.id).title == ""


async def test_deleting_leaves_the_other_chats(
    chats: Chats, chat_service: ChatService, engine: ScriptedEngine, ada: Person
) -> None:
    chat, other = chats.create(ada.id), chats.create(ada.id)
    for each in (chat, other):
        await all_events(await chat_service.start_reply(ada.id, each.id, "Question"))
    chats.delete(ada.id, chat.id)
    assert len(engine.requests) == 2
    assert [summary.id for summary in chats.list(ada.id)] == [other.id]
    assert len(chats.get(ada.id, other.id).messages) == 2


def test_a_title_loses_what_cannot_be_seen_and_turns_the_text(chats: Chats, ada: Person) -> None:
    assert chats.create(ada.id, "\x07Soup \u202eand\n\u2066tea\0").title == "Soup and tea"
