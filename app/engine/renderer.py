"""One model's renderer: the light child that renders and counts, killed when it overruns. See `app.worker.prompt`."""

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from app.child import FrameTooLarge
from app.engine.events import RenderedPrompt
from app.engine.link import Link
from app.engine.troubles import load_error
from app.errors import Unavailable
from app.worker import formats, messages
from app.worker.messages import FromRenderer, ToRenderer, Turn

log = logging.getLogger(__name__)

RENDERER_TARGET = "app.worker.prompt:run"


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds for opening a vocabulary, and for rendering or counting one text."""

    open_seconds: float = 60.0
    answer_seconds: float = 5.0


LIMITS = Limits()


class ChildGone(Unavailable):
    """The child has ended instead of answering."""


class Renderer:
    """Asks the child one thing at a time, and starts it when it is needed."""

    def __init__(
        self,
        model: str,
        path: Path,
        target: str = RENDERER_TARGET,
        limits: Limits = LIMITS,
        prompt_format: str = "",
    ) -> None:
        self.model = model
        self._prompt_format = prompt_format
        self.last_used = time.monotonic()
        self.stop: tuple[str, ...] = ()
        self._path = path
        self._target = target
        self._limits = limits
        self._link: Link | None = None
        self._turn = asyncio.Lock()

    @property
    def is_live(self) -> bool:
        """Whether a process is there."""
        return self._link is not None

    @property
    def is_idle(self) -> bool:
        """Whether a process is there and nobody asks it anything."""
        return self.is_live and not self._turn.locked()

    @property
    def pid(self) -> int | None:
        """The process id, while there is one."""
        return None if self._link is None else self._link.pid

    async def render(self, turns: Sequence[Turn]) -> RenderedPrompt:
        """Tokens of the whole prompt. Raises Unavailable, BadFile, InvalidInput."""
        answer = await self._ask(messages.Render("", list(turns)))
        assert isinstance(answer, messages.Rendered)
        return RenderedPrompt(tuple(answer.tokens), answer.num_shared, answer.opening)

    async def count(self, text: str) -> int:
        """How many tokens a text is. Raises as `render` does."""
        answer = await self._ask(messages.Count("", text))
        assert isinstance(answer, messages.Counted)
        return answer.tokens

    async def tokenize(self, texts: Sequence[str]) -> list[list[int]]:
        """The tokens of each text as a whole input. Raises as `render` does."""
        answer = await self._ask(messages.Tokenize("", list(texts)))
        assert isinstance(answer, messages.Tokenized)
        return answer.texts

    async def renew(self) -> None:
        """The file is another now: once nobody asks, the process ends, and the next question starts another."""
        async with self._turn:
            await self.close()

    async def close(self) -> None:
        """End the process, whatever it does; the next question starts another."""
        link, self._link = self._link, None
        if link is not None:
            link.kill()
            await link.close()

    async def close_if_idle(self, seconds: float) -> None:
        """End the process when nobody asked for so long."""
        if self.is_idle and time.monotonic() - self.last_used > seconds:
            await self.close()

    async def _ask(self, question: ToRenderer) -> FromRenderer:
        async with self._turn:
            self.last_used = time.monotonic()
            was_live = self.is_live
            try:
                answer = await self._ask_child(question)
            except ChildGone:
                if not was_live:
                    raise
                # It may have been killed while nobody asked, which shows only now: another one is asked, once.
                log.warning("The renderer of %s was gone and is started again", self.model)
                answer = await self._ask_child(question)
            if isinstance(answer, messages.RenderFailed):
                raise load_error(self.model, answer.code, answer.detail)
            return answer

    async def _ask_child(self, question: ToRenderer) -> FromRenderer:
        is_answered = False
        try:
            if self._link is None:
                await self._open()
            answer = await self._exchange(question, self._limits.answer_seconds, "template_too_slow")
            is_answered = True
            return answer
        finally:
            # A child that failed, overran or was not waited for would answer the next question wrongly.
            if not is_answered:
                await self.close()

    async def _open(self) -> None:
        if self._prompt_format:
            formats.named(self._prompt_format)
        try:
            self._link = await Link.open(self._target, f"renderer of {self.model}")
        except OSError as error:
            raise Unavailable("renderer_died", model=self.model) from error
        opened = await self._exchange(
            messages.OpenVocabulary(str(self._path), self._prompt_format),
            self._limits.open_seconds,
            "vocabulary_too_slow",
        )
        if isinstance(opened, messages.LoadFailed):
            raise load_error(self.model, opened.code, opened.detail)
        assert isinstance(opened, messages.VocabularyOpened)
        self.stop = tuple(opened.stop)

    async def _exchange(self, question: ToRenderer, seconds: float, late_code: str) -> FromRenderer:
        assert self._link is not None
        try:
            async with asyncio.timeout(seconds):
                await self._link.send(messages.write(question))
                return messages.read_from_renderer(await self._link.receive())
        except TimeoutError as error:
            raise Unavailable(late_code, model=self.model, seconds=seconds) from error
        except EOFError as error:
            raise ChildGone("renderer_died", model=self.model) from error
        except (FrameTooLarge, msgspec.DecodeError) as error:
            raise Unavailable("renderer_died", model=self.model) from error
