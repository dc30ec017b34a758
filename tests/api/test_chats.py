"""Chats by the API: begin, list, read, change, delete; never somebody else's."""

from tests.api.house import MODEL, House

BEN = "Ben"


def test_chat_is_begun_listed_changed_and_deleted(hearth: House) -> None:
    client = hearth.person()
    begun = client.post("/api/v1/chats", json={"title": "Soup", "model": MODEL, "system_prompt": "Be brief."})
    assert begun.status_code == 201
    chat = begun.json()
    assert [one["title"] for one in client.get("/api/v1/chats").json()] == ["Soup"]
    changed = client.patch(f"/api/v1/chats/{chat['id']}", json={"title": "Stew"})
    assert changed.json()["title"] == "Stew"
    read = client.get(f"/api/v1/chats/{chat['id']}").json()
    assert (read["title"], read["system_prompt"], read["model"], read["messages"]) == ("Stew", "Be brief.", MODEL, [])
    assert client.delete(f"/api/v1/chats/{chat['id']}").status_code == 204
    assert client.get("/api/v1/chats").json() == []


def test_chat_may_begin_with_nothing(hearth: House) -> None:
    assert hearth.person().post("/api/v1/chats", json={}).status_code == 201


def test_somebody_elses_chat_reads_as_no_chat(hearth: House) -> None:
    chat = hearth.person().post("/api/v1/chats", json={}).json()["id"]
    ben = hearth.person(BEN)
    for method, path in (
        ("GET", f"/api/v1/chats/{chat}"),
        ("PATCH", f"/api/v1/chats/{chat}"),
        ("DELETE", f"/api/v1/chats/{chat}"),
        ("GET", f"/api/v1/chats/{chat}/messages"),
        ("GET", "/api/v1/chats/no-such-chat"),
    ):
        answer = ben.request(method, path, json={} if method == "PATCH" else None)
        assert (answer.status_code, answer.json()["code"]) == (404, "chat_unknown")
    assert ben.get("/api/v1/chats").json() == []


def test_unknown_model_is_refused(hearth: House) -> None:
    client = hearth.person()
    answer = client.post("/api/v1/chats", json={"model": "no-such-model"})
    assert (answer.status_code, answer.json()["code"]) == (404, "model_unknown")
    chat = client.post("/api/v1/chats", json={}).json()["id"]
    assert client.patch(f"/api/v1/chats/{chat}", json={"model": "no-such-model"}).status_code == 404


def test_deleted_chat_is_forgotten_by_the_engine(hearth: House) -> None:
    client = hearth.person()
    chat = client.post("/api/v1/chats", json={}).json()["id"]
    assert hearth.person(BEN).delete(f"/api/v1/chats/{chat}").status_code == 404
    assert hearth.engine.forgotten == []
    assert client.delete(f"/api/v1/chats/{chat}").status_code == 204
    assert [forgotten for _, forgotten in hearth.engine.forgotten] == [chat]
