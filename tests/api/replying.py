"""Says something in a chat by the API, and watches what is answered."""

import json
from collections.abc import Iterator

import httpx


def new_chat(client: httpx.Client) -> str:
    return str(client.post("/api/v1/chats", json={}).json()["id"])


def say(client: httpx.Client, chat: str, text: str = "Hi", **more: object) -> httpx.Response:
    return client.post(f"/api/v1/chats/{chat}/replies", json={"text": text, **more})


def events(response: httpx.Response) -> Iterator[tuple[int, str, dict[str, object]]]:
    """The events of a stream: number, name, data."""
    number, name = 0, ""
    for line in response.iter_lines():
        field, _, value = line.partition(": ")
        if field == "id":
            number = int(value)
        elif field == "event":
            name = value
        elif field == "data":
            yield number, name, json.loads(value)


def watched(client: httpx.Client, reply: str, after: int = 0) -> list[tuple[int, str, dict[str, object]]]:
    with client.stream("POST", f"/api/v1/replies/{reply}/watch", params={"after": after}) as response:
        assert response.status_code == 200
        return list(events(response))
