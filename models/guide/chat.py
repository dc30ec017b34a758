"""The chat template: how a conversation becomes token ids, and the same as Jinja for others.

The layout is that of Llama 3, without its date header. Knows nothing of the corpus.
"""

from dataclasses import dataclass
from typing import Literal

from tokenizers import Tokenizer

BEGIN_OF_TEXT = "<|begin_of_text|>"
END_OF_TEXT = "<|end_of_text|>"
START_HEADER = "<|start_header_id|>"
END_HEADER = "<|end_header_id|>"
END_OF_TURN = "<|eot_id|>"
SPECIAL_TOKENS = (BEGIN_OF_TEXT, END_OF_TEXT, START_HEADER, END_HEADER, END_OF_TURN)

CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{% if loop.first %}{{ bos_token }}{% endif %}"
    "{{ '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n'"
    " + message['content'] | trim + '<|eot_id|>' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}"
    "{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}"
    "{% endif %}"
)

Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: Role
    content: str


class ChatEncoder:
    """Encodes messages with one tokenizer, in pieces that join to what the template gives."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        """Look up the special tokens once."""
        self._tokenizer = tokenizer
        self.begin = self._special(BEGIN_OF_TEXT)
        self.end_of_turn = self._special(END_OF_TURN)
        self._start_header = self._special(START_HEADER)
        self._end_header = self._special(END_HEADER)
        self._blank_line = self.text("\n\n")

    def prompt(self, messages: list[Message]) -> list[int]:
        """Ids of a conversation up to where the assistant begins to write."""
        ids = [self.begin]
        for message in messages:
            ids += self.header(message.role) + self.text(message.content.strip())
            ids.append(self.end_of_turn)
        return ids + self.header("assistant")

    def header(self, role: Role) -> list[int]:
        """Ids that open a turn."""
        return [self._start_header, *self.text(role), self._end_header, *self._blank_line]

    def text(self, text: str) -> list[int]:
        """Ids of plain text, without special tokens."""
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    def decode(self, ids: list[int]) -> str:
        """Text of ids, special tokens left out."""
        text: str = self._tokenizer.decode(ids, skip_special_tokens=True)
        return text

    def _special(self, token: str) -> int:
        token_id = self._tokenizer.token_to_id(token)
        if token_id is None:
            raise ValueError(f"the tokenizer has no {token}")
        return int(token_id)
