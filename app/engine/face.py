"""What the rest of Hearth knows of an engine. Services and tests depend on this, never on the pool itself."""

from collections.abc import AsyncGenerator, Sequence
from typing import Protocol

from app.engine.events import EngineEvent, GenerationRequest, LoadedModel, ModelFile, RenderedPrompt
from app.worker.messages import Turn


class Engine(Protocol):
    """Renders prompts and writes answers. Every method may raise `HearthError`."""

    async def context_tokens(self, model: ModelFile) -> int:
        """Tokens that one chat may fill with this model, its answer included: as loaded, or as it would be now.

        Raises TooLarge("model_too_large") when the model cannot be loaded on this box.
        """
        ...

    async def render(self, model: ModelFile, turns: Sequence[Turn]) -> RenderedPrompt:
        """Tokens of the whole prompt, by the model's own template."""
        ...

    async def tokenize(self, model: ModelFile, texts: Sequence[str]) -> list[list[int]]:
        """The tokens of each text as a whole input, plain text without a template."""
        ...

    async def count(self, model: ModelFile, text: str) -> int:
        """How many tokens a text is."""
        ...

    async def embed(self, model: ModelFile, person: str, texts: Sequence[str]) -> list[list[float]]:
        """One vector of length 1 for each text."""
        ...

    def generate(self, model: ModelFile, request: GenerationRequest) -> AsyncGenerator[EngineEvent, None]:
        """The events of one generation, in order: queued, loading, reading, delta, one finished. `aclose` cancels."""
        ...

    def check_room(self, person: str) -> None:
        """Raises Busy("queue_full") when no more replies may wait."""
        ...

    def loaded(self) -> Sequence[LoadedModel]:
        """The models in memory."""
        ...

    async def unload(self, name: str) -> None:
        """Take a model out of memory; a reply that it is writing fails with a reason."""
        ...

    async def forget(self, person: str, chat: str) -> None:
        """Drop what is kept of a chat: its states in memory and on disk."""
        ...

    async def close(self) -> None:
        """End everything; what runs is cut off."""
        ...
