"""A client of the stateless routes that leaves stops its answer: nobody else could ever read it."""

import socket
from contextlib import closing

import pytest

from app.engine.events import Delta
from tests.api.house import MODEL, PATIENCE_SECONDS, Served
from tests.scripted_engine import Finish, Gate

BODY = '{"model": "%s", "messages": [{"role": "user", "content": "Hi"}], "stream": %s}'


@pytest.mark.parametrize("stream", ["true", "false"])
def test_client_that_leaves_stops_its_answer(served: Served, stream: str) -> None:
    gate = Gate()
    served.house.engine.will_say(Delta("So far", 1), gate, Finish())
    address = served.url.removeprefix("http://").split(":")
    body = BODY % (MODEL, stream)
    request = (
        f"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {served.house.token()}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    )
    with closing(socket.create_connection((address[0], int(address[1])), PATIENCE_SECONDS)) as connection:
        connection.sendall(request.encode())
        gate.reached.wait_in_thread()
        assert not served.house.engine.ended_early.is_set()
    served.house.engine.ended_early.wait_in_thread()


def test_stream_opens_at_once_while_the_answer_waits(served: Served) -> None:
    gate = Gate()
    served.house.engine.will_say(gate, Finish())
    headers = {"Authorization": f"Bearer {served.house.token()}"}
    body = {"model": MODEL, "messages": [{"role": "user", "content": "Hi"}], "stream": True}
    with served.visitor(headers) as client, client.stream("POST", "/v1/chat/completions", json=body) as response:
        lines = response.iter_lines()
        assert next(lines) == ": ok"
        assert response.headers["content-type"].startswith("text/event-stream")
        gate.open.set()
        assert list(lines)[-2] == "data: [DONE]"
