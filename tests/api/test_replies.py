"""A reply by the API, over a real connection: said, watched, left, come back to, stopped."""

from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest

from app.engine.events import Delta, Reading
from app.errors import Busy, Unavailable
from tests.api import house
from tests.api.house import MODEL, Served
from tests.api.replying import events, new_chat, say, watched
from tests.scripted_engine import Finish, Gate


@pytest.fixture
def anna(served: Served) -> Iterator[httpx.Client]:
    with served.person() as client:
        yield client


def test_reply_is_watched_from_its_start_to_its_end(anna: httpx.Client) -> None:
    chat = new_chat(anna)
    answer = say(anna, chat)
    assert answer.status_code == 201
    reply = answer.json()
    assert (reply["chat_id"], reply["model"]) == (chat, MODEL)
    seen = watched(anna, reply["id"])
    numbers, names = [number for number, _, _ in seen], [name for _, name, _ in seen]
    assert numbers == sorted(set(numbers))
    assert names[:2] == ["queued", "loading"]
    assert names[-1] == "finished"
    assert "".join(str(data["text"]) for _, name, data in seen if name == "delta") == "Hello there!"
    assert seen[-1][2]["reason"] == "end"


def test_what_was_said_is_in_the_chat_afterwards(anna: httpx.Client) -> None:
    chat = new_chat(anna)
    watched(anna, say(anna, chat, "What is a hearth?").json()["id"])
    read = anna.get(f"/api/v1/chats/{chat}").json()
    assert [(message["role"], message["text"]) for message in read["messages"]] == [
        ("user", "What is a hearth?"),
        ("assistant", "Hello there!"),
    ]
    reply = read["messages"][1]["reply"]
    assert (reply["status"], reply["stop_reason"], reply["error"]) == ("finished", "end", None)
    assert reply["completion_tokens"] == 3
    assert read["title"] == "What is a hearth?"


def test_stream_opens_at_once_and_cannot_be_held_back(served: Served, anna: httpx.Client) -> None:
    gate = Gate()
    served.house.engine.will_say(gate, Finish())
    reply = say(anna, new_chat(anna)).json()["id"]
    with anna.stream("POST", f"/api/v1/replies/{reply}/watch") as response:
        assert next(response.iter_lines()) == ": ok"
        assert response.headers["content-type"].startswith("text/event-stream")
        assert response.headers["cache-control"] == "no-cache, no-transform"
        assert response.headers["x-accel-buffering"] == "no"
        gate.open.set()


def test_silence_is_filled_with_pings(tmp_path_factory: pytest.TempPathFactory, tiny_gguf: object) -> None:
    folder = tmp_path_factory.mktemp("pings")
    built = house.build(folder, tiny_gguf)  # type: ignore[arg-type]
    built.app.state.parts = replace(built.parts, ping_seconds=0.01)
    gate = Gate()
    built.engine.will_say(Reading(1, 9), gate, Delta("late", 1), Finish())
    with house.serve(built) as served, served.person() as client:
        reply = say(client, new_chat(client)).json()["id"]
        with client.stream("POST", f"/api/v1/replies/{reply}/watch") as response:
            lines = response.iter_lines()
            pings = (line for line in lines if line == ": ping")
            assert [next(pings), next(pings)] == [": ping", ": ping"]
            gate.open.set()
            assert any("late" in line for line in lines)


def test_watcher_that_leaves_does_not_stop_the_reply_and_may_come_back(served: Served, anna: httpx.Client) -> None:
    gate = Gate()
    served.house.engine.will_say(Delta("One ", 1), gate, Delta("two.", 1), Finish())
    reply = say(anna, new_chat(anna)).json()["id"]
    with served.person() as leaving, leaving.stream("POST", f"/api/v1/replies/{reply}/watch") as response:
        last, name, data = next(events(response))
        assert (name, data["text"]) == ("delta", "One ")
    gate.open.set()
    seen = watched(anna, reply, after=last)
    assert [name for _, name, _ in seen][-1] == "finished"
    assert "".join(str(data["text"]) for _, name, data in seen if name == "delta") == "two."


def test_stop_keeps_what_was_written(served: Served, anna: httpx.Client) -> None:
    gate = Gate()
    served.house.engine.will_say(Delta("Half of", 1), gate, Finish())
    chat = new_chat(anna)
    reply = say(anna, chat).json()["id"]
    gate.reached.wait_in_thread()
    stopped = anna.post(f"/api/v1/replies/{reply}/stop").json()
    assert (stopped["status"], stopped["text"]) == ("stopped", "Half of")
    assert served.house.engine.ended_early.is_set()
    assert watched(anna, reply)[-1][1] == "stopped"
    assert anna.get(f"/api/v1/replies/{reply}").json()["status"] == "stopped"
    assert anna.get(f"/api/v1/chats/{chat}").json()["messages"][1]["text"] == "Half of"


def test_failure_ends_the_stream_with_a_sentence(served: Served, anna: httpx.Client) -> None:
    served.house.engine.will_say(Delta("So far", 1), Unavailable("internal_error"))
    chat = new_chat(anna)
    reply = say(anna, chat).json()["id"]
    _, name, data = watched(anna, reply)[-1]
    assert (name, data["code"]) == ("failed", "internal_error")
    assert data["message"]
    message = anna.get(f"/api/v1/chats/{chat}", headers={"Accept-Language": "zh"}).json()["messages"][1]
    assert message["text"] == "So far"
    assert message["reply"]["error"]["message"].startswith("Hearth 内部出错")


def test_retry_is_another_branch(anna: httpx.Client) -> None:
    chat = new_chat(anna)
    watched(anna, say(anna, chat).json()["id"])
    first = anna.get(f"/api/v1/chats/{chat}").json()["messages"][1]
    again = anna.post(f"/api/v1/chats/{chat}/messages/{first['id']}/retry")
    assert again.status_code == 201
    watched(anna, again.json()["id"])
    messages = anna.get(f"/api/v1/chats/{chat}/messages").json()
    assert len(messages) == 3
    assert {tuple(one["sibling_ids"]) for one in messages if one["role"] == "assistant"} == {
        (first["id"], again.json()["message_id"])
    }


def test_edit_begins_the_chat_anew_beside_the_first_question(anna: httpx.Client) -> None:
    chat = new_chat(anna)
    watched(anna, say(anna, chat, "First").json()["id"])
    watched(anna, say(anna, chat, "Better", parent_id=None).json()["id"])
    read = anna.get(f"/api/v1/chats/{chat}").json()
    assert [message["text"] for message in read["messages"]] == ["Better", "Hello there!"]
    assert len(read["messages"][0]["sibling_ids"]) == 2


def test_wishes_reach_the_engine(served: Served, anna: httpx.Client) -> None:
    sampling = {"temperature": 0, "top_k": 3, "seed": 7}
    reply = say(anna, new_chat(anna), model=MODEL, sampling=sampling, max_tokens=5).json()["id"]
    watched(anna, reply)
    _, request = served.house.engine.requests[-1]
    assert (request.sampling.temperature, request.sampling.top_k, request.sampling.seed) == (0, 3, 7)
    assert request.max_tokens == 5


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"text": ""}, 422, "message_empty"),
        ({"text": " \n "}, 422, "message_empty"),
        ({"text": "Hi", "model": "no-such-model"}, 404, "model_unknown"),
        ({"text": "Hi", "parent_id": "no-such-message"}, 404, "message_unknown"),
        ({"text": "word " * 10_000}, 413, "message_too_long"),
        ({"text": "x" * 1_000_001}, 422, "request_invalid"),
    ],
)
def test_message_that_cannot_be_answered_is_refused_and_not_stored(
    anna: httpx.Client, body: dict[str, str], status: int, code: str
) -> None:
    chat = new_chat(anna)
    answer = anna.post(f"/api/v1/chats/{chat}/replies", json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert anna.get(f"/api/v1/chats/{chat}/messages").json() == []


def test_full_queue_is_told_before_anything_is_stored(served: Served, anna: httpx.Client) -> None:
    served.house.engine.room_error = Busy("queue_full", limit=1, seconds=5)
    chat = new_chat(anna)
    answer = say(anna, chat)
    assert (answer.status_code, answer.json()["code"]) == (429, "queue_full")
    assert answer.headers["retry-after"] == "5"
    assert anna.get(f"/api/v1/chats/{chat}/messages").json() == []


def test_somebody_elses_reply_reads_as_no_reply(served: Served, anna: httpx.Client) -> None:
    chat = new_chat(anna)
    reply = say(anna, chat).json()["id"]
    with served.person("Ben") as ben:
        for method, path in (
            ("GET", f"/api/v1/replies/{reply}"),
            ("POST", f"/api/v1/replies/{reply}/watch"),
            ("POST", f"/api/v1/replies/{reply}/stop"),
            ("POST", "/api/v1/replies/no-such-reply/watch"),
        ):
            answer = ben.request(method, path)
            assert (answer.status_code, answer.json()["code"]) == (404, "reply_unknown")
        assert say(ben, chat).json()["code"] == "chat_unknown"


def test_message_with_an_impossible_number_is_refused(anna: httpx.Client) -> None:
    for after in ("-1", "x", str(2**60)):
        assert anna.post("/api/v1/replies/x/watch", params={"after": after}).status_code == 422


def test_chat_tells_what_its_model_does_not_read_any_more(anna: httpx.Client) -> None:
    chat = new_chat(anna)
    assert anna.get(f"/api/v1/chats/{chat}").json()["cut"] is None
    for number in range(5):
        watched(anna, say(anna, chat, f"{number} " + "word " * 400).json()["id"])
    read = anna.get(f"/api/v1/chats/{chat}").json()
    after = read["messages"][1]["id"]
    assert read["cut"] == {"after_message_id": after, "num_messages": 4, "num_summarised": 0, "summary": ""}


def test_endless_answer_is_asked_for_by_a_field(anna: httpx.Client, served: Served) -> None:
    chat = new_chat(anna)
    reply = say(anna, chat, "Hi", slides=True).json()["id"]
    watched(anna, reply)
    message = anna.get(f"/api/v1/chats/{chat}").json()["messages"][0]["id"]
    again = anna.post(f"/api/v1/chats/{chat}/messages/{message}/retry", json={"slides": True}).json()["id"]
    watched(anna, again)
    assert [request.slides for _, request in served.house.engine.requests] == [True, True]
    assert say(anna, chat, "Hi", slides="often").status_code == 422
