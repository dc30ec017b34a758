"""`hearth bench chat` with a tiny model and a real server, alone and in turn with a stand-in peer."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from statistics import median
from typing import Any

import pytest

from app.commands import bench_client
from app.commands.bench_chat import streams_of
from app.commands.bench_client import Answer
from app.errors import InvalidInput, Unavailable
from app.fetch import client
from tests.commands.hearth import Hearth

SMALL = ("--rounds", "1", "--tokens", "8", "--prompt-tokens", "40", "--context", "512", "--returning-tokens", "100")


class StandIn(BaseHTTPRequestHandler):
    """Speaks as much of OpenAI's language as a measurement needs; each answer is as long as was asked for."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """The models."""
        self._send(b'{"data": [{"id": "stand-in"}]}')

    def do_POST(self) -> None:
        """An answer as a stream, or a refusal when the question says so."""
        wish = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if wish["messages"][-1]["content"] == "refuse":
            self._send(b'{"error": "no"}')
            return
        chunks: list[dict[str, Any]] = [{"choices": [{"delta": {"role": "assistant", "content": None}}]}]
        chunks += [{"choices": [{"delta": {"content": f" {number}"}}]} for number in range(wish["max_tokens"])]
        usage = {"prompt_tokens": 50, "completion_tokens": wish["max_tokens"]}
        chunks.append({"choices": [], "usage": {**usage, "prompt_tokens_details": {"cached_tokens": 10}}})
        self._send(b"".join(b"data: " + json.dumps(chunk).encode() + b"\n\n" for chunk in chunks) + b"data: [DONE]\n\n")

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""

    def _send(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def stand_in() -> Iterator[str]:
    """The address of a running stand-in."""
    with ThreadingHTTPServer(("127.0.0.1", 0), StandIn) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def test_a_tiny_model_is_made_and_measured_beside_a_peer(hearth: Hearth, stand_in: str) -> None:
    words = ("--model", "tiny", "--vocabulary", "1k", "--cache", "cache", "--streams", "2,1", "--returns", "1")
    more = ("--interrupting-tokens", "60", "--peer", stand_in, "--json")
    done = hearth.run("bench", "chat", *words, *SMALL, *more)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    measures = {(row["name"], row["streams"]): row for row in found["measures"]}
    assert {(name, streams) for name, streams in measures if streams < 3} == set(measures)
    for name in ("writing", "reading"):
        for streams in (1, 2):
            row = measures[name, streams]
            assert row["ours_median"] > 0
            assert row["ratio"] == pytest.approx(median(row["ours"]) / median(row["peer"]))
    assert measures["first token, back after a restart", 1]["ours_median"] > 0
    assert measures["speed kept while another reads", 2]["ours_median"] >= 0
    assert measures["peak memory", 2]["ours_median"] > 10
    assert found["machine"]["cores"] > 0
    assert (hearth.folder / "cache" / "random-tiny-1k-Q4_K_M.gguf").is_file()


def test_a_file_is_measured_as_a_table_while_a_core_is_busy(hearth: Hearth) -> None:
    words = ("--model", "models/tiny.gguf", "--streams", "1", "--returns", "0", "--neighbours", "1")
    done = hearth.run("bench", "chat", *words, *SMALL)
    assert done.returncode == 0, done.stderr
    assert "tiny.gguf" in done.stdout
    assert "1 busy neighbours" in done.stdout


@pytest.mark.parametrize("wrong", [("--model", "7T"), ("--streams", "none"), ("--quantization", "Q9")])
def test_a_wrong_wish_is_refused_with_what_is_known(wrong: tuple[str, str], hearth: Hearth) -> None:
    done = hearth.run("bench", "chat", *wrong)
    assert done.returncode == 1
    assert "Give" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("text", ["", "0", "1,x", "65", "-1"])
def test_streams_are_small_numbers(text: str) -> None:
    with pytest.raises(InvalidInput):
        streams_of(text)


def test_tokens_are_counted_by_the_server_and_known_ones_are_not_read(stand_in: str) -> None:
    with client(stand_in, "") as visitor:
        peer = bench_client.peer_of(visitor)
        answer = bench_client.ask(peer, bench_client.Question([{"role": "user", "content": "hi"}], 3, 1))
        assert (answer.completion_tokens, answer.prompt_tokens, answer.cached_tokens) == (3, 50, 10)
        assert answer.text == " 0 1 2"
        with pytest.raises(Unavailable):
            bench_client.ask(peer, bench_client.Question([{"role": "user", "content": "refuse"}], 3, 1))


def test_speeds_are_of_all_streams_together() -> None:
    first = Answer(asked=0, times=[1, 2, 3], text="", prompt_tokens=100, cached_tokens=0, completion_tokens=3)
    second = Answer(asked=0, times=[2, 4, 5], text="", prompt_tokens=120, cached_tokens=20, completion_tokens=6)
    assert bench_client.writing_speed([first, second]) == 2
    assert bench_client.reading_speed([first, second]) == 100
