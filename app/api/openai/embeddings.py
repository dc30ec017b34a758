"""Embeddings for OpenAI's clients."""

import base64
import struct
from collections.abc import Sequence
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from app.api.deps import PartsDep, PersonDep
from app.errors import InvalidInput
from app.services import embeddings

router = APIRouter(prefix="/embeddings")

MAX_TEXTS = 2048
Text = Annotated[str, Field(min_length=1, max_length=1_000_000)]
Tokens = Annotated[list[int], Field(max_length=1_000_000)]


class EmbeddingCreate(BaseModel):
    """Texts to be turned into vectors. The SDKs ask for `base64`: 32-bit numbers, the lowest byte first."""

    model: Annotated[str, Field(max_length=500)]
    input: Text | Annotated[list[Text] | list[int] | list[Tokens], Field(min_length=1, max_length=MAX_TEXTS)]
    encoding_format: Literal["float", "base64"] | None = None
    dimensions: None = None

    @property
    def texts(self) -> list[str]:
        """All texts. Raises InvalidInput("embedding_tokens") for numbers, which only their sender can read."""
        texts = [self.input] if isinstance(self.input, str) else self.input
        said = [text for text in texts if isinstance(text, str)]
        if len(said) < len(texts):
            raise InvalidInput("embedding_tokens")
        return said


class EmbeddingPublic(BaseModel):
    """The vector of one text, of length 1."""

    object: Literal["embedding"] = "embedding"
    index: int
    embedding: list[float] | str


class EmbeddingUsage(BaseModel):
    """How many tokens the texts were."""

    prompt_tokens: int
    total_tokens: int


class EmbeddingsPublic(BaseModel):
    """The vectors in the order of the texts."""

    object: Literal["list"] = "list"
    data: list[EmbeddingPublic]
    model: str
    usage: EmbeddingUsage


@router.post("", summary="Turn texts into vectors")
async def create_embeddings(wish: EmbeddingCreate, parts: PartsDep, person: PersonDep) -> EmbeddingsPublic:
    """One vector for each text, by a model that is made for it."""
    done = await embeddings.embed(parts.library, parts.engine, person.id, wish.model, wish.texts)
    encode = _base64 if wish.encoding_format == "base64" else list[float]
    data = [EmbeddingPublic(index=index, embedding=encode(vector)) for index, vector in enumerate(done.vectors)]
    usage = EmbeddingUsage(prompt_tokens=done.tokens, total_tokens=done.tokens)
    return EmbeddingsPublic(data=data, model=done.model, usage=usage)


def _base64(vector: Sequence[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
