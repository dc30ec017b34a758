"""How the command line speaks: in the language of the terminal, errors on standard error with exit status 1."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from rich.console import Console

from app.errors import HearthError
from app.words.say import CHINESE, ENGLISH, say

GIB = 1024**3
MIB = 1024**2

console = Console(highlight=False, soft_wrap=True)
error_console = Console(stderr=True, highlight=False, soft_wrap=True)


def language() -> str:
    """The language that the terminal asks for in LC_ALL, LC_MESSAGES or LANG."""
    chosen = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return CHINESE if chosen.lower().startswith("zh") else ENGLISH


def tell(code: str, params: Mapping[str, object] | None = None) -> None:
    """Print the sentence of a code."""
    console.print(say(code, params or {}, language()), markup=False)


def sentence_of(error: HearthError) -> str:
    """What a person reads for an error."""
    return say(error.code, error.params, language())


@contextmanager
def errors_told() -> Iterator[None]:
    """Turn a refusal into its sentence and exit status 1; anything else keeps its traceback."""
    try:
        yield
    except HearthError as error:
        error_console.print(sentence_of(error), style="red", markup=False)
        raise SystemExit(1) from None


def size(num_bytes: int) -> str:
    """Bytes for people: `4.7 GiB`, `312 MiB`."""
    return f"{num_bytes / GIB:.1f} GiB" if num_bytes >= GIB else f"{num_bytes / MIB:.1f} MiB"
