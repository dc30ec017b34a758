"""Turns texts into vectors with a model that is made for it. Knows no HTTP."""

from collections.abc import Sequence
from dataclasses import dataclass

import anyio

from app.engine.face import Engine
from app.errors import InvalidInput
from app.services.characters import says_something
from app.services.chat import check_text
from app.services.library import Library


@dataclass(frozen=True, slots=True)
class Embeddings:
    """One vector for each text, by which model, and how many tokens the texts were."""

    model: str
    vectors: list[list[float]]
    tokens: int


async def embed(library: Library, engine: Engine, person_id: str, model: str, texts: Sequence[str]) -> Embeddings:
    """Raises NotFound("model_unknown"), InvalidInput (message_empty, message_not_text, text_too_long), Busy and what
    `Engine.embed` raises.
    """
    if not texts or not all(map(says_something, texts)):
        raise InvalidInput("message_empty")
    for text in texts:
        check_text(text)
    file = await anyio.to_thread.run_sync(library.find, model)
    engine.check_room(person_id)
    vectors = await engine.embed(file, person_id, texts)
    tokens = sum([await engine.count(file, text) for text in texts])
    return Embeddings(file.name, vectors, tokens)
