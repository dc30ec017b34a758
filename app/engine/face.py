"""What the rest of Hearth knows of an engine. Services and tests depend on this, never on the pool itself."""

from collections.abc import AsyncGenerator, Sequence
from typing import Protocol

from app.engine.events import EngineEvent, GenerationRequest, LoadedModel, ModelFile
from app.worker.messages import Turn


class Engine(Protocol):
    """Renders prompts and writes answers. Every method may raise `HearthError`."""

    async def render(self, model: ModelFile, turns: Sequence[Turn]) -> tuple[int, ...]:
        """Tokens of the whole prompt, by the model's own template."""
        ...

    async def count(self, model: ModelFile, text: str) -> int:
        """How many tokens a text is."""
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

    async def close(self) -> None:
        """End everything; what runs is cut off."""
        ...
