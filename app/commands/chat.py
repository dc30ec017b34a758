"""`hearth chat`: a conversation in the terminal, with a model file, a model of the library, or a running Hearth."""

import asyncio
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from app import fetch
from app.commands import output, parts
from app.engine.box import Box
from app.engine.events import Delta, GenerationRequest, ModelFile
from app.engine.pool import Pool
from app.engine.proven_backends import ProvenBackends
from app.errors import NotSignedIn, Unavailable
from app.settings import Settings
from app.weights.gguf_file import read_header
from app.worker.messages import Sampling, Turn
from app.worker.reasoning import without_reasoning

MAX_TOKENS = 2048


def with_model(name: str | None, temperature: float) -> None:
    """Chat with a file, or with a model of the library by name; the first usable one when none is named."""
    chosen = parts.settings()
    library = parts.library(chosen)
    is_file = name is not None and Path(name).is_file()
    model = _file(Path(str(name)), chosen) if is_file else library.find(name) if name else library.default()
    is_guide = model.path == parts.guide_path()
    output.tell("chat_guide_hello" if is_guide else "chat_hello", {"model": model.name})
    asyncio.run(_converse(model, chosen, Sampling(temperature=temperature)))


def with_server(url: str, token: str | None, model: str | None, temperature: float) -> None:
    """Chat with a running Hearth over its OpenAI routes."""
    if not token:
        raise NotSignedIn("chat_token_missing")
    turns: list[dict[str, str]] = []
    with fetch.client(url, token) as client:
        try:
            chosen = model or _first_model(client)
            output.tell("chat_hello", {"model": chosen})
            while text := _ask():
                turns.append({"role": "user", "content": text})
                body = {"model": chosen, "messages": turns, "stream": True, "temperature": temperature}
                answer = _print_all(_streamed(client, body))
                turns.append({"role": "assistant", "content": answer})
        except fetch.RequestFailed as error:
            raise Unavailable("server_unreachable", url=url, reason=str(error) or type(error).__name__) from error


async def _converse(model: ModelFile, chosen: Settings, sampling: Sampling) -> None:
    pool = Pool(chosen, Box(lambda: parts.threads(chosen), ProvenBackends(chosen.data_dir)))
    turns: list[Turn] = []
    try:
        while text := await asyncio.to_thread(_ask):
            prompt = await pool.render(model, [*turns, Turn("user", text)])
            answer = ""
            request = GenerationRequest("terminal", prompt.tokens, MAX_TOKENS, sampling, opening=prompt.opening)
            async for event in pool.generate(model, request):
                if isinstance(event, Delta):
                    _write(event.text)
                    answer += event.text
            _write("\n")
            turns += [Turn("user", text), Turn("assistant", without_reasoning(answer))]
    finally:
        await pool.close()


def _file(path: Path, chosen: Settings) -> ModelFile:
    header = read_header(path)
    return ModelFile(path.stem, path, min(header.context_length or chosen.context_tokens, chosen.context_tokens))


def _ask() -> str:
    """The next line from the person; empty at the end of the input."""
    if sys.stdin.isatty():
        _write("> ")
    return sys.stdin.readline().strip()


def _first_model(client: fetch.Client) -> str:
    answer = client.get("/v1/models")
    _refuse_errors(answer, client)
    return str(answer.json()["data"][0]["id"])


def _streamed(client: fetch.Client, body: dict[str, object]) -> Iterator[str]:
    """The text of an answer, piece by piece, from the server-sent events of a chat completion."""
    with client.stream("POST", "/v1/chat/completions", json=body) as answer:
        if answer.is_error:
            answer.read()
        _refuse_errors(answer, client)
        for line in answer.iter_lines():
            if not line.startswith("data: ") or line == "data: [DONE]":
                continue
            event = json.loads(line.removeprefix("data: "))
            if "error" in event:
                raise Unavailable("server_refused", url=str(client.base_url), message=event["error"]["message"])
            for choice in event["choices"]:
                yield choice["delta"].get("content") or ""


def _refuse_errors(answer: fetch.Response, client: fetch.Client) -> None:
    if answer.is_success:
        return
    try:
        message = answer.json()["error"]["message"]
    except (ValueError, KeyError, TypeError):
        message = f"HTTP {answer.status_code}"
    raise Unavailable("server_refused", url=str(client.base_url), message=message)


def _print_all(pieces: Iterator[str]) -> str:
    text = ""
    for piece in pieces:
        _write(piece)
        text += piece
    _write("\n")
    return text


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
