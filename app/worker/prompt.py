"""The renderer: a light child that turns a conversation into tokens, from the vocabulary and template alone.

What a person typed never becomes a special token, even if it is spelled like one. Such spellings are hidden from the
template behind private-use characters, and what stands there is tokenized as plain text afterwards.
"""

import functools
import re
import resource
from collections.abc import Iterable, Sequence
from pathlib import Path

from app.child import ChildPipe
from app.worker import messages
from app.worker.errors import LlamaError
from app.worker.llama import Log, Model, Vocabulary
from app.worker.messages import FromRenderer, Turn
from app.worker.template import CHATML_TEMPLATE, PLAIN_STOP, PLAIN_TEMPLATE, ChatTemplate, TemplateFailed

MAX_EXTRA_BYTES = 512 * 1024 * 1024
PRIVATE_USE = range(0xF0000, 0xFFFFE)


def run(pipe: ChildPipe) -> None:
    """Serve one parent until it closes the pipe."""
    frame = pipe.receive(None)
    assert frame is not None
    opening = messages.read_to_renderer(frame)
    assert isinstance(opening, messages.OpenVocabulary), "the first message is OpenVocabulary"
    try:
        prompts = Prompts.open(Path(opening.path))
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
                return messages.Rendered(request, prompts.render(turns))
            except TemplateFailed as error:
                return messages.RenderFailed(request, error.code, error.detail)
        case messages.Count(request, text):
            return messages.Counted(request, len(prompts.vocabulary.tokenize(text, parse_special=False)))
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


class Prompts:
    """The vocabulary and the chat template of one model."""

    def __init__(self, vocabulary: Vocabulary, template: str | None) -> None:
        self.vocabulary = vocabulary
        self.has_template = template is not None
        self.stop: Sequence[str] = ()
        specials = sorted(vocabulary.special_texts(), key=len, reverse=True)
        self._specials = re.compile("|".join(map(re.escape, specials))) if specials else None
        if template is None:
            knows_chatml = "<|im_start|>" in specials
            template = CHATML_TEMPLATE if knows_chatml else PLAIN_TEMPLATE
            self.stop = () if knows_chatml else PLAIN_STOP
        self._source = template

    @classmethod
    def open(cls, path: Path) -> "Prompts":
        """Load the vocabulary, without weights; the template is compiled by the first rendering. Raises LlamaError."""
        model = Model(path, Log(), vocab_only=True, on_progress=lambda _fraction: None)
        return cls(model.vocabulary, model.chat_template())

    def render(self, turns: Sequence[Turn]) -> list[int]:
        """Tokens of the whole prompt, the model's beginning token included. Raises TemplateFailed."""
        hidden = Hidden(self._specials, [turn.content for turn in turns])
        contents = map(hidden.hide, (turn.content for turn in turns))
        text = self._template.render(
            [{"role": turn.role, "content": content} for turn, content in zip(turns, contents, strict=True)]
        )
        tokens = self._tokenize(hidden.split(text))
        bos = self.vocabulary.bos
        return tokens if bos is None or tokens[:1] == [bos] else [bos, *tokens]

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
