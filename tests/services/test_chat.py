"""Starting replies: what is refused stores nothing; what is accepted stores first and then answers."""

import asyncio

import anyio
import pytest

from app.engine.events import ModelFile
from app.errors import BadFile, Busy, Conflict, HearthError, InvalidInput, NotFound, TooLarge, Unavailable
from app.services.accounts import Person
from app.services.asking import title_of
from app.services.chat import ChatService
from app.services.chats import Chats
from app.services.library import Library
from app.services.replies import Replies, Reply
from app.settings import Settings
from app.store.database import Database
from app.worker.messages import Sampling, Turn
from tests.scripted_engine import TIMEOUT_SECONDS, Finish, Gate, ScriptedEngine
from tests.services.following import all_events
from tests.services.model_files import write_truncated

pytestmark = pytest.mark.anyio


@pytest.fixture
def chat_id(chats: Chats, ada: Person) -> str:
    """A chat of Ada's."""
    return chats.create(ada.id).id


async def refused(
    chat_service: ChatService, person: Person, chat_id: str, text: str, **wish: str | None
) -> HearthError:
    with pytest.raises(HearthError) as caught:
        await chat_service.start_reply(person.id, chat_id, text, **wish)  # type: ignore[arg-type]
    return caught.value


async def test_every_refusal_says_why_and_stores_nothing(
    chat_service: ChatService,
    chats: Chats,
    engine: ScriptedEngine,
    settings: Settings,
    ada: Person,
    bob: Person,
    chat_id: str,
) -> None:
    write_truncated(settings.models_dir / "half.gguf")
    seen = [
        await refused(chat_service, ada, chat_id, ""),
        await refused(chat_service, ada, chat_id, " \n\t"),
        await refused(chat_service, ada, chat_id, "\u200b\u2060\x07"),
        await refused(chat_service, ada, chat_id, "a\0b"),
        await refused(chat_service, ada, chat_id, "\ud800"),
        await refused(chat_service, bob, chat_id, "Hello?"),
        await refused(chat_service, ada, "unknown", "Hello?"),
        await refused(chat_service, ada, chat_id, "Hello?", parent_id="unknown"),
        await refused(chat_service, ada, chat_id, "Hello?", model="unknown"),
        await refused(chat_service, ada, chat_id, "Hello?", model="half"),
        await refused(chat_service, ada, chat_id, "word " * 500),
    ]
    assert [(type(error), error.code) for error in seen] == [
        (InvalidInput, "message_empty"),
        (InvalidInput, "message_empty"),
        (InvalidInput, "message_empty"),
        (InvalidInput, "message_not_text"),
        (InvalidInput, "message_not_text"),
        (NotFound, "chat_unknown"),
        (NotFound, "chat_unknown"),
        (NotFound, "message_unknown"),
        (NotFound, "model_unknown"),
        (BadFile, "gguf_truncated"),
        (TooLarge, "message_too_long"),
    ]
    assert seen[-1].params == {"tokens": 502, "limit": 384}
    view = chats.get(ada.id, chat_id)
    assert (view.messages, view.title, view.model) == ([], "", "")
    assert engine.requests == []


async def test_a_full_queue_and_a_broken_renderer_refuse_and_the_next_try_works(
    chat_service: ChatService, chats: Chats, engine: ScriptedEngine, ada: Person, chat_id: str
) -> None:
    engine.room_error = Busy("queue_full", waiting=64)
    assert (await refused(chat_service, ada, chat_id, "Hello?")).code == "queue_full"
    engine.room_error, engine.render_error = None, Unavailable("renderer_gone")
    assert (await refused(chat_service, ada, chat_id, "Hello?")).code == "renderer_gone"
    engine.render_error = None
    assert chats.get(ada.id, chat_id).messages == []
    await all_events(await chat_service.start_reply(ada.id, chat_id, "Hello?"))
    assert len(chats.get(ada.id, chat_id).messages) == 2


async def test_a_model_that_is_too_large_and_impossible_sampling_store_nothing(
    database: Database, library: Library, settings: Settings, chats: Chats, ada: Person, chat_id: str
) -> None:
    class SmallBox(ScriptedEngine):
        async def context_tokens(self, model: ModelFile) -> int:
            raise TooLarge("model_too_large", model=model.name)

    engine = SmallBox()
    service = ChatService(database, library, engine, settings, Replies(database, engine))
    assert (await refused(service, ada, chat_id, "Hello?")).code == "model_too_large"
    with pytest.raises(TooLarge):
        await service.start_stateless(ada.id, [Turn("user", "Hello?")], "tiny-llama")
    hot = Sampling(temperature=float("nan"))
    with pytest.raises(InvalidInput):
        await service.start_reply(ada.id, chat_id, "Hello?", sampling=hot)
    with pytest.raises(InvalidInput):
        await service.start_stateless(ada.id, [Turn("user", "Hello?")], "tiny-llama", hot)
    assert chats.get(ada.id, chat_id).messages == []
    assert engine.requests == []


async def test_while_an_answer_is_written_a_second_message_is_refused_and_not_stored(
    chat_service: ChatService, chats: Chats, engine: ScriptedEngine, ada: Person, chat_id: str
) -> None:
    gate = Gate()
    engine.will_say(gate, Finish())
    reply = await chat_service.start_reply(ada.id, chat_id, "First")
    error = await refused(chat_service, ada, chat_id, "Second")
    assert (type(error), error.code) == (Conflict, "chat_busy")
    message_id = chats.get(ada.id, chat_id).messages[0].id
    with pytest.raises(Conflict):
        await chat_service.retry(ada.id, chat_id, message_id)
    assert len(chats.tree(ada.id, chat_id)) == 2
    assert chats.list(ada.id)[0].is_answering
    gate.open.set()
    await all_events(reply)
    assert not chats.list(ada.id)[0].is_answering
    await chat_service.start_reply(ada.id, chat_id, "Second")


async def test_of_two_messages_at_once_one_is_refused(
    chat_service: ChatService, chats: Chats, ada: Person, chat_id: str
) -> None:
    results = await asyncio.gather(
        *(chat_service.start_reply(ada.id, chat_id, f"Number {number}") for number in range(5)), return_exceptions=True
    )
    assert [type(result) for result in results].count(Conflict) == 4
    (reply,) = [result for result in results if isinstance(result, Reply)]
    await all_events(reply)
    assert len(chats.tree(ada.id, chat_id)) == 2


async def test_a_chat_deleted_while_its_prompt_is_rendered_refuses(
    chat_service: ChatService, chats: Chats, engine: ScriptedEngine, ada: Person, chat_id: str
) -> None:
    engine.render_gate = Gate()
    starting = asyncio.create_task(chat_service.start_reply(ada.id, chat_id, "Hello?"))
    with anyio.fail_after(TIMEOUT_SECONDS):
        await engine.render_gate.reached.wait()
        chats.delete(ada.id, chat_id)
        engine.render_gate.open.set()
        with pytest.raises(NotFound):
            await starting
    assert engine.requests == []


async def test_whoever_leaves_before_the_start_leaves_the_chat_usable(
    chat_service: ChatService, chats: Chats, engine: ScriptedEngine, ada: Person, chat_id: str
) -> None:
    engine.render_gate = Gate()
    starting = asyncio.create_task(chat_service.start_reply(ada.id, chat_id, "Hello?"))
    with anyio.fail_after(TIMEOUT_SECONDS):
        await engine.render_gate.reached.wait()
        starting.cancel()
        await asyncio.wait({starting})
    engine.render_gate = None
    assert chats.get(ada.id, chat_id).messages == []
    await all_events(await chat_service.start_reply(ada.id, chat_id, "Again"))


async def test_the_first_message_gives_the_title_the_model_and_the_path(
    chat_service: ChatService, chats: Chats, engine: ScriptedEngine, ada: Person, chat_id: str
) -> None:
    reply = await chat_service.start_reply(ada.id, chat_id, "  How do I\n download a model?  ")
    await all_events(reply)
    view = chats.get(ada.id, chat_id)
    assert (view.title, view.model, view.active_leaf_id) == (
        "How do I download a model?",
        "tiny-llama",
        reply.message_id,
    )
    question, answer = view.messages
    assert (question.role, question.text, question.parent_id) == ("user", "  How do I\n download a model?  ", None)
    assert (answer.role, answer.parent_id) == ("assistant", question.id)
    assert (reply.chat_id, reply.model) == (chat_id, "tiny-llama")
    model, request = engine.requests[0]
    assert (model.name, request.person) == ("tiny-llama", ada.id)
    assert request.max_tokens == 512 - len(request.tokens)
    assert request.sampling == Sampling()


async def test_system_prompt_history_and_wishes_reach_the_engine(
    chat_service: ChatService, chats: Chats, engine: ScriptedEngine, ada: Person, chat_id: str
) -> None:
    chats.update(ada.id, chat_id, system_prompt="Be kind.")
    await all_events(await chat_service.start_reply(ada.id, chat_id, "One"))
    sampling = Sampling(temperature=0.0, seed=7)
    await all_events(await chat_service.start_reply(ada.id, chat_id, "Two", sampling=sampling, max_tokens=16))
    assert engine.rendered[-1][1] == (
        Turn("system", "Be kind."),
        Turn("user", "One"),
        Turn("assistant", "Hello there!"),
        Turn("user", "Two"),
    )
    request = engine.requests[-1][1]
    assert (request.sampling, request.max_tokens) == (sampling, 16)


async def test_another_model_in_the_same_chat_renders_again_and_stays(
    chat_service: ChatService, chats: Chats, engine: ScriptedEngine, ada: Person, chat_id: str
) -> None:
    await all_events(await chat_service.start_reply(ada.id, chat_id, "One"))
    await all_events(await chat_service.start_reply(ada.id, chat_id, "Two", model="hearth-guide"))
    assert [model.name for model, _ in engine.rendered] == ["tiny-llama", "hearth-guide"]
    assert chats.get(ada.id, chat_id).model == "hearth-guide"
    await all_events(await chat_service.start_reply(ada.id, chat_id, "Three"))
    assert engine.requests[-1][0].name == "hearth-guide"


async def test_the_guide_says_what_it_knows_by_heart_and_keeps_to_its_context(
    chat_service: ChatService, engine: ScriptedEngine, ada: Person, chat_id: str
) -> None:
    await all_events(await chat_service.start_reply(ada.id, chat_id, "Hello?", model="hearth-guide"))
    model, request = engine.requests[0]
    assert model.context_tokens == 256
    assert request.sampling.temperature == 0
    assert request.max_tokens == 256 - len(request.tokens)


async def test_an_edited_first_message_is_a_branch_from_the_root(
    chat_service: ChatService, chats: Chats, engine: ScriptedEngine, ada: Person, chat_id: str
) -> None:
    await all_events(await chat_service.start_reply(ada.id, chat_id, "One"))
    await all_events(await chat_service.start_reply(ada.id, chat_id, "Uno", parent_id=None))
    messages = chats.get(ada.id, chat_id).messages
    assert [message.text for message in messages] == ["Uno", "Hello there!"]
    assert len(messages[0].sibling_ids) == 2
    assert engine.rendered[-1][1] == (Turn("user", "Uno"),)


async def test_a_message_cannot_follow_a_question(
    chat_service: ChatService, chats: Chats, ada: Person, chat_id: str
) -> None:
    await all_events(await chat_service.start_reply(ada.id, chat_id, "One"))
    question = chats.get(ada.id, chat_id).messages[0]
    error = await refused(chat_service, ada, chat_id, "Two", parent_id=question.id)
    assert (type(error), error.code) == (InvalidInput, "parent_not_answer")


@pytest.mark.parametrize("index", [0, 1])
async def test_retrying_question_or_answer_gives_the_answer_a_sibling(
    chat_service: ChatService, chats: Chats, engine: ScriptedEngine, ada: Person, chat_id: str, index: int
) -> None:
    await all_events(await chat_service.start_reply(ada.id, chat_id, "One"))
    question, answer = chats.get(ada.id, chat_id).messages
    reply = await chat_service.retry(ada.id, chat_id, (question, answer)[index].id, model="hearth-guide")
    await all_events(reply)
    again = chats.get(ada.id, chat_id).messages
    assert [message.id for message in again] == [question.id, reply.message_id]
    assert again[1].sibling_ids == [answer.id, reply.message_id]
    assert engine.rendered[-1][1] == (Turn("user", "One"),)
    with pytest.raises(NotFound):
        await chat_service.retry(ada.id, chat_id, "unknown")


async def test_stateless_replies_store_nothing(
    chat_service: ChatService, chats: Chats, engine: ScriptedEngine, library: Library, ada: Person
) -> None:
    turns = [Turn("system", "Be kind."), Turn("user", "Hello?")]
    reply = await chat_service.start_stateless(ada.id, turns, "tiny-llama", Sampling(seed=1), 5, ["\n"])
    await all_events(reply)
    assert (reply.text, reply.chat_id, reply.message_id, reply.status) == ("Hello there!", None, None, "finished")
    assert chats.list(ada.id) == []
    request = engine.requests[0][1]
    assert (request.max_tokens, request.stop, request.sampling.seed) == (5, ("\n",), 1)
    assert library.default().name == "tiny-llama"


async def test_stateless_refusals(chat_service: ChatService, engine: ScriptedEngine, ada: Person) -> None:
    async def code(turns: list[Turn], model: str = "tiny-llama") -> str:
        with pytest.raises(HearthError) as caught:
            await chat_service.start_stateless(ada.id, turns, model)
        return caught.value.code

    assert await code([]) == "message_empty"
    assert await code([Turn("user", " ")]) == "message_empty"
    assert await code([Turn("user", "Hello?")], "gpt-4") == "model_unknown"
    assert await code([Turn("user", "word " * 600)]) == "prompt_too_long"
    engine.room_error = Busy("queue_full", waiting=64)
    assert await code([Turn("user", "Hello?")]) == "queue_full"
    assert engine.requests == []


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Short", "Short"),
        ("two\n lines", "two lines"),
        ("word " * 30, "word word word word word word word word word word word word…"),
        ("x" * 100, "x" * 60 + "…"),
        ("如何下载模型" * 20, ("如何下载模型" * 20)[:60] + "…"),
    ],
)
def test_titles(text: str, title: str) -> None:
    assert title_of(text) == title
