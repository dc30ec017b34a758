"""The renderer: a light child that turns a conversation into tokens, from the vocabulary and template alone.

What a person typed never becomes a special token, even if it is spelled like one. Such spellings are hidden from the
template behind private-use characters, and what stands there is tokenized as plain text afterwards.
"""

import datetime
import functools
import re
import resource
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.child import ChildPipe
from app.worker import formats, messages
from app.worker.errors import LlamaError
from app.worker.formats import Format
from app.worker.llama.log import Log
from app.worker.llama.model import Model
from app.worker.llama.vocabulary import Vocabulary
from app.worker.messages import FromRenderer, Turn
from app.worker.reasoning import opening_of
from app.worker.template import ChatTemplate, TemplateFailed

MAX_EXTRA_BYTES = 512 * 1024 * 1024
MAX_SHARED_KEPT = 32
# Two first messages that have nothing in common: what is before them is the same whatever people say.
PROBES = ("Why?", "7 + 8")
PRIVATE_USE = range(0xF0000, 0xFFFFE)


def run(pipe: ChildPipe) -> None:
    """Serve one parent until it closes the pipe."""
    frame = pipe.receive(None)
    assert frame is not None
    opening = messages.read_to_renderer(frame)
    assert isinstance(opening, messages.OpenVocabulary), "the first message is OpenVocabulary"
    try:
        prompts = Prompts.open(Path(opening.path), opening.prompt_format)
    except LlamaError as error:
        pipe.send(messages.write(messages.LoadFailed(error.code, error.detail)))
        return
    limit_memory()
    opened = messages.VocabularyOpened(prompts.vocabulary.size, prompts.has_template, list(prompts.stop))
    pipe.send(messages.write(opened))
    while True:
        frame = pipe.receive(None)
        assert frame is not None
        pipe.send(messages.write(answer(prompts, messages.read_to_renderer(frame))))


def answer(prompts: "Prompts", message: messages.ToRenderer) -> FromRenderer:
    """One request, one answer."""
    match message:
        case messages.Render(request, turns):
            try:
                prompt = prompts.prepare(turns)
                return messages.Rendered(request, prompt.tokens, prompt.num_shared, prompt.opening)
            except TemplateFailed as error:
                return messages.RenderFailed(request, error.code, error.detail)
        case messages.Count(request, text):
            return messages.Counted(request, len(prompts.vocabulary.tokenize(text, parse_special=False)))
        case messages.Tokenize(request, texts):
            return messages.Tokenized(request, [prompts.vocabulary.tokenize_input(text) for text in texts])
        case messages.Ping():
            return messages.Pong(0, 0)
        case messages.OpenVocabulary():
            raise AssertionError("a renderer opens once")


def limit_memory() -> None:
    """A template that builds a giant string gets a MemoryError instead of the machine's memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[0]) if Path("/proc/self/statm").exists() else 0
    if pages:
        limit = pages * resource.getpagesize() + MAX_EXTRA_BYTES
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


@dataclass(frozen=True, slots=True)
class Prompt:
    """The tokens to read; the first `num_shared` are the same for everybody with this system prompt.

    `opening` is what the template has written of the answer already: the tag with which reasoning begins.
    """

    tokens: list[int]
    num_shared: int
    opening: str


class Prompts:
    """The vocabulary and the chat template of one model, or the prompt format that stands in for it."""

    def __init__(self, vocabulary: Vocabulary, template: str | None, stand_in: Format) -> None:
        self.vocabulary = vocabulary
        self.has_template = template is not None
        specials = sorted(vocabulary.special_texts(), key=len, reverse=True)
        self._specials = re.compile("|".join(map(re.escape, specials))) if specials else None
        self._source = stand_in.source if template is None else template
        # A stop string that is a token of its own never shows up in an answer.
        self.stop = [text for text in stand_in.stop if text not in specials] if template is None else []
        self._shared: OrderedDict[tuple[str, datetime.date], list[int]] = OrderedDict()

    @classmethod
    def open(cls, path: Path, prompt_format: str = "") -> "Prompts":
        """Load the vocabulary, without weights; the template is compiled by the first rendering. Raises LlamaError,
        and InvalidInput for a name of no prompt format.
        """
        wanted = formats.named(prompt_format) if prompt_format else None
        model = Model(path, Log(), vocab_only=True, on_progress=lambda _fraction: None)
        if wanted is not None:
            return cls(model.vocabulary, None, wanted)
        guess = formats.choose(model.metadata(), model.vocabulary.special_texts(), path.stem)
        return cls(model.vocabulary, model.chat_template(), guess)

    def render(self, turns: Sequence[Turn]) -> list[int]:
        """Tokens of the whole prompt, the model's beginning token included. Raises TemplateFailed."""
        return self._render(turns)[0]

    def prepare(self, turns: Sequence[Turn]) -> Prompt:
        """The whole prompt, and what is to be known of it. Raises TemplateFailed."""
        tokens, opening = self._render(turns)
        return Prompt(tokens, self._num_shared(turns, tokens), opening)

    def _render(self, turns: Sequence[Turn]) -> tuple[list[int], str]:
        hidden = Hidden(self._specials, [turn.content for turn in turns])
        contents = map(hidden.hide, (turn.content for turn in turns))
        text = self._template.render(
            [{"role": turn.role, "content": content} for turn, content in zip(turns, contents, strict=True)]
        )
        tokens = self._tokenize(hidden.split(text))
        bos = self.vocabulary.bos
        return tokens if bos is None or tokens[:1] == [bos] else [bos, *tokens], opening_of(text)

    def _num_shared(self, turns: Sequence[Turn], tokens: list[int]) -> int:
        """How many first tokens are the system prompt's; 0 without one, or where the template mixes it with the rest.

        A template may write the day: what was found yesterday is not asked today.
        """
        if not turns or turns[0].role != "system":
            return 0
        key = (turns[0].content, datetime.date.today())
        if key not in self._shared:
            self._shared[key] = self._shared_tokens(turns[0])
            if len(self._shared) > MAX_SHARED_KEPT:
                self._shared.popitem(last=False)
        self._shared.move_to_end(key)
        return num_common(self._shared[key], tokens)

    def _shared_tokens(self, system: Turn) -> list[int]:
        try:
            one, other = (self.render([system, Turn("user", probe)]) for probe in PROBES)
        except TemplateFailed:
            return []
        return one[: num_common(one, other)]

    @functools.cached_property
    def _template(self) -> ChatTemplate:
        # Not before the first rendering: so the limits of rendering, in time and memory, hold for compiling as well.
        return ChatTemplate(self._source, self.vocabulary.bos_text(), self.vocabulary.eos_text())

    def _tokenize(self, pieces: Iterable[tuple[str, bool]]) -> list[int]:
        tokens: list[int] = []
        for text, is_typed in pieces:
            if tokens and self.vocabulary.is_spm:
                # SentencePiece puts a space in front of whatever it is given; a line break takes it, and is cut off.
                anchor = self.vocabulary.tokenize("\n", parse_special=False)
                tokens += self.vocabulary.tokenize("\n" + text, parse_special=not is_typed)[len(anchor) :]
            else:
                tokens += self.vocabulary.tokenize(text, parse_special=not is_typed)
        return tokens


def num_common(one: Sequence[int], other: Sequence[int]) -> int:
    """The length of the common beginning."""
    for place, (mine, yours) in enumerate(zip(one, other, strict=False)):
        if mine != yours:
            return place
    return min(len(one), len(other))


class Hidden:
    """The special spellings in what people typed, each behind a character that none of them used."""

    def __init__(self, specials: re.Pattern[str] | None, contents: Sequence[str]) -> None:
        self._specials = specials
        found = sorted({match for text in contents for match in specials.findall(text)}) if specials else []
        used = set("".join(contents)) if found else set()
        free = (chr(code) for code in PRIVATE_USE if chr(code) not in used)
        self._behind = dict(zip(free, found, strict=False))
        self._signs = {text: sign for sign, text in self._behind.items()}

    def hide(self, content: str) -> str:
        """The content with signs in place of special spellings."""
        if self._specials is None or not self._signs:
            return content
        return self._specials.sub(lambda match: self._signs[match.group()], content)

    def split(self, text: str) -> list[tuple[str, bool]]:
        """The rendered text in pieces, and whether each stands for a sign: typed by a person."""
        if not self._behind:
            return [(text, False)]
        parts: list[str] = re.split(f"([{''.join(self._behind)}])", text)
        return [(self._behind.get(part, part), part in self._behind) for part in parts if part]
