"""A made-up vocabulary of any size for models with random weights: byte-level BPE over pieces of words, no training.

Every pair and many triples and quadruples of small letters are tokens, with and without a space before them, so that
English text comes to about two and a half letters a token. Knows nothing of weights.
"""

import itertools
from collections.abc import Iterator
from typing import Final

from app.errors import InvalidInput
from app.weights.vocab import TokenType, Vocabulary

SPACE: Final = "Ġ"
LETTERS: Final = "etaoinshrdlcumwfgypbvkjxqz"
SPECIAL_TOKENS: Final = (
    "<|begin_of_text|>",
    "<|end_of_text|>",
    "<|start_header_id|>",
    "<|end_header_id|>",
    "<|eot_id|>",
)
CHAT_TEMPLATE: Final = (
    "{{- bos_token }}{%- for message in messages %}"
    "{{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' + message['content'] | trim"
    " + '<|eot_id|>' }}{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{%- endif %}"
)
LEAST: Final = 512


def random_vocabulary(size: int) -> Vocabulary:
    """A vocabulary of `size` tokens; the special ones are the last."""
    if size < LEAST:
        raise InvalidInput("vocabulary_too_small", size=size, least=LEAST)
    alphabet = _alphabet()
    merges = list(itertools.islice(_merges(), size - len(alphabet) - len(SPECIAL_TOKENS)))
    tokens = [*alphabet, *(left + right for left, right in merges), *SPECIAL_TOKENS]
    first_special = len(tokens) - len(SPECIAL_TOKENS)
    ids = {name: first_special + number for number, name in enumerate(SPECIAL_TOKENS)}
    return Vocabulary(
        tokens=tokens,
        types=[TokenType.NORMAL] * first_special + [TokenType.CONTROL] * len(SPECIAL_TOKENS),
        merges=[f"{left} {right}" for left, right in merges],
        pre_tokenizer="llama-bpe",
        special_ids={"bos": ids["<|begin_of_text|>"], "eos": ids["<|end_of_text|>"], "eot": ids["<|eot_id|>"]},
        added_ends={"bos": True},
        chat_templates={"": CHAT_TEMPLATE},
    )


def _alphabet() -> list[str]:
    """The letters in which byte-level BPE writes the 256 bytes, in the order of GPT-2."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    return [chr(value) for value in printable] + [chr(256 + number) for number in range(256 - len(printable))]


def _merges() -> Iterator[tuple[str, str]]:
    """Shorter pieces first, and of these the ones with frequent letters; a piece with a space beside one without."""
    for letter in LETTERS:
        yield SPACE, letter
    for length in itertools.count(2):
        for letters in itertools.product(LETTERS, repeat=length):
            piece = "".join(letters)
            yield SPACE + piece[:-1], piece[-1]
            yield piece[:-1], piece[-1]
