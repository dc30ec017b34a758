"""Any number of watchers, early, late and gone: the reply belongs to the server."""

import anyio
import pytest

from app.engine.events import Delta, Finished, Queued
from app.services.accounts import Person
from app.services.chat import ChatService
from app.services.chats import Chats
from app.services.reply_events import ReplyEvent
from tests.scripted_engine import TIMEOUT_SECONDS, Finish, Gate, ScriptedEngine
from tests.services.following import all_events

pytestmark = pytest.mark.anyio


def text_of(events: list[ReplyEvent]) -> str:
    return "".join(numbered.event.text for numbered in events if isinstance(numbered.event, Delta))


async def test_a_watcher_who_leaves_does_not_end_the_reply(
    chat_service: ChatService, chats: Chats, engine: ScriptedEngine, ada: Person
) -> None:
    gate = Gate()
    engine.will_say(Queued(1, None), Delta("One", 1), gate, Delta(", two", 1), Finish())
    reply = await chat_service.start_reply(ada.id, chats.create(ada.id).id, "Count.")
    heard: list[ReplyEvent] = []
    with anyio.fail_after(TIMEOUT_SECONDS):
        async with anyio.create_task_group() as tasks:

            async def watch_until_cancelled() -> None:
                async for numbered in reply.watch():
                    heard.append(numbered)
                    if isinstance(numbered.event, Delta):
                        tasks.cancel_scope.cancel()

            tasks.start_soon(watch_until_cancelled)
        watcher = reply.watch()
        await anext(watcher)
        await watcher.aclose()
    gate.open.set()
    rest = await all_events(reply, after=heard[-1].number)
    assert text_of(heard) == "One"
    assert text_of(rest) == ", two"
    assert isinstance(rest[-1].event, Finished)
    assert engine.num_ended_early == 0


async def test_early_late_and_returning_watchers_all_get_the_whole_text(
    chat_service: ChatService, chats: Chats, engine: ScriptedEngine, ada: Person
) -> None:
    gates = [Gate(), Gate()]
    engine.will_say(
        Queued(1, None), Delta("One", 1), gates[0], Delta(", two", 1), gates[1], Delta(", three", 1), Finish()
    )
    reply = await chat_service.start_reply(ada.id, chats.create(ada.id).id, "Count.")
    heard: dict[str, list[ReplyEvent]] = {}

    async def watch(name: str, after: int = 0) -> None:
        heard[name] = await all_events(reply, after)

    with anyio.fail_after(TIMEOUT_SECONDS):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(watch, "early")
            await gates[0].reached.wait()
            tasks.start_soon(watch, "middle")
            gates[0].open.set()
            await gates[1].reached.wait()
            tasks.start_soon(watch, "returning", 1 + len("One, t"))
            gates[1].open.set()
    await watch("late")
    assert {name: text_of(events) for name, events in heard.items()} == {
        "early": "One, two, three",
        "middle": "One, two, three",
        "returning": "wo, three",
        "late": "One, two, three",
    }
    assert len({events[-1] for events in heard.values()}) == 1
    for events in heard.values():
        numbers = [numbered.number for numbered in events]
        assert numbers == sorted(set(numbers))
        assert sum(isinstance(numbered.event, Finished) for numbered in events) == 1
