"""Long chats with the real engine and a small context: they go on, with their beginning and a summary in the prompt."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from pathlib import Path

import anyio
import pytest

from app.engine.box import Box
from app.engine.events import Delta, EngineEvent, Finished, GenerationRequest, ModelFile, RenderedPrompt
from app.engine.pool import Pool
from app.errors import Busy
from app.services.accounts import Person
from app.services.chat import ChatService
from app.services.chats import Chats
from app.services.library import Library
from app.services.replies import Replies
from app.services.summaries import Summaries
from app.settings import Settings
from app.store import summaries as summaries_store
from app.store.database import Database
from app.worker.messages import Sampling, Turn
from tests.services.following import ending_of

pytestmark = pytest.mark.anyio

CONTEXT = 1024
PATIENCE_SECONDS = 120
GREEDY = Sampling(temperature=0)


class Watched(Pool):
    """The real engine; what it is asked for, and how that ended, is written down."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings, Box(lambda: 1))
        self.rendered: list[tuple[Turn, ...]] = []
        self.told: list[tuple[bool, str]] = []
        self.background_began = anyio.Event()

    async def render(self, model: ModelFile, turns: Sequence[Turn]) -> RenderedPrompt:
        self.rendered.append(tuple(turns))
        return await super().render(model, turns)

    async def generate(self, model: ModelFile, request: GenerationRequest) -> AsyncGenerator[EngineEvent, None]:
        self.told.append((request.is_background, "began"))
        try:
            async with aclosing(super().generate(model, request)) as events:
                async for event in events:
                    if isinstance(event, Delta) and request.is_background:
                        self.background_began.set()
                    if isinstance(event, Finished):
                        self.told.append((request.is_background, event.reason))
                    yield event
        except Busy as error:
            self.told.append((request.is_background, error.code))
            raise


@pytest.fixture
async def engine(settings: Settings, tiny_gguf: Path) -> AsyncGenerator[Watched, None]:
    """A pool with one tiny model in its folder, and room for 1024 tokens."""
    settings.models_dir.mkdir()
    (settings.models_dir / "tiny.gguf").hardlink_to(tiny_gguf)
    pool = Watched(Settings(**{**settings.model_dump(), "context_tokens": CONTEXT, "slots": 2, "batch_tokens": 64}))
    yield pool
    await pool.close()


@pytest.fixture
async def replies(database: Database, engine: Watched) -> AsyncGenerator[Replies, None]:
    """The replies of the server."""
    replies = Replies(database, engine)
    yield replies
    await replies.close()


@pytest.fixture
def chat_service(
    database: Database, settings: Settings, engine: Watched, replies: Replies, tmp_path: Path
) -> ChatService:
    """What starts replies, with summaries."""
    library = Library(settings.models_dir, tmp_path / "no-guide.gguf", CONTEXT)
    summaries = Summaries(database, engine, replies, again_seconds=0.01)
    return ChatService(database, library, engine, settings, replies, summaries)


async def say(chat_service: ChatService, person: Person, chat_id: str, text: str, max_tokens: int = 16) -> Finished:
    """Say something; returns how the answer ended."""
    with anyio.fail_after(PATIENCE_SECONDS):
        reply = await chat_service.start_reply(person.id, chat_id, text, sampling=GREEDY, max_tokens=max_tokens)
        ending = await ending_of(reply)
    assert isinstance(ending, Finished), ending
    return ending


async def until_summaries(database: Database, chat_id: str, count: int = 1) -> None:
    """Until so many summaries of a chat are stored."""
    with anyio.fail_after(PATIENCE_SECONDS):
        while True:
            with database.reading() as session:
                if len(summaries_store.of_chat(session, chat_id)) >= count:
                    return
            await anyio.lowlevel.checkpoint()


async def test_a_long_chat_goes_on_with_its_beginning_and_a_summary(
    chat_service: ChatService, chats: Chats, engine: Watched, database: Database, ada: Person
) -> None:
    chat_id = chats.create(ada.id, system_prompt="You are a gentle animal of the mountains.").id
    was_summarised = False
    for number in range(24):
        ending = await say(chat_service, ada, chat_id, f"Number {number}: How do I download the model?")
        prompt = next(turns for turns in reversed(engine.rendered) if turns[-1].content.startswith(f"Number {number}:"))
        assert prompt[0] == Turn("system", "You are a gentle animal of the mountains.")
        assert prompt[1].content.startswith("Number 0:")
        view = chats.get(ada.id, chat_id)
        if ending.prompt_tokens + ending.completion_tokens > 0.6 * CONTEXT and not was_summarised:
            await until_summaries(database, chat_id)
            was_summarised = True
        if view.cut is not None and view.cut.summary:
            assert prompt[4].content == view.cut.summary
    assert was_summarised
    assert view.cut is not None
    assert view.cut.summary
    assert view.cut.num_messages > 10
    assert view.cut.after_message_id == view.messages[1].id


async def test_what_stands_before_the_newest_turns_is_found_in_the_cache(
    chat_service: ChatService, chats: Chats, ada: Person
) -> None:
    chat_id = chats.create(ada.id, system_prompt="You are a gentle animal of the mountains.").id
    cut, read, num_reused = None, 0, 0
    for number in range(14):
        ending = await say(chat_service, ada, chat_id, f"Number {number}: How do I download the model?")
        before, cut = cut, chats.get(ada.id, chat_id).cut
        if before == cut and number:
            # The whole prompt before, and nothing of it twice; a summary that was written meanwhile changes nothing.
            assert ending.cached_tokens >= read - 1
            num_reused += 1
        read = ending.prompt_tokens
    assert num_reused >= 9


async def test_a_summary_gives_way_to_a_person_and_is_written_afterwards(
    chat_service: ChatService, chats: Chats, engine: Watched, database: Database, ada: Person, bob: Person
) -> None:
    long, short = chats.create(ada.id).id, chats.create(bob.id).id
    await say(chat_service, bob, short, "Hello.")
    await say(chat_service, ada, long, "the numbers become smaller " * 150)
    with anyio.fail_after(PATIENCE_SECONDS):
        await engine.background_began.wait()
    await say(chat_service, bob, short, "And now?", max_tokens=32)
    # From when the person asked until they had their answer, the summary got no word out.
    asked = len(engine.told) - 1 - engine.told[::-1].index((False, "began"))
    answered = engine.told.index((False, "length"), asked)
    assert {how for is_background, how in engine.told[asked:answered] if is_background} <= {"preempted", "began"}
    await until_summaries(database, long)
    assert [how for is_background, how in engine.told if is_background][-1] in ("length", "end")


async def test_an_endless_answer_goes_on_past_the_context(chat_service: ChatService, chats: Chats, ada: Person) -> None:
    chat_id = chats.create(ada.id).id
    with anyio.fail_after(PATIENCE_SECONDS):
        reply = await chat_service.start_reply(
            ada.id, chat_id, "Hello.", sampling=GREEDY, max_tokens=CONTEXT + 100, slides=True
        )
        ending = await ending_of(reply)
    assert isinstance(ending, Finished)
    assert (ending.reason, ending.completion_tokens) == ("length", CONTEXT + 100)
