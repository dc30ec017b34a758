"""Reads the token lists that Hugging Face's `tokenizers` made of the tiny vocabulary; the file says how."""

import json
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent / "golden" / "tiny_tokens.json"


def cases() -> list[tuple[str, list[int]]]:
    """Texts with their tokens, nothing put around them."""
    return [(case["text"], case["ids"]) for case in _content()["cases"]]


def with_special_tokens() -> tuple[str, list[int]]:
    """A text with its tokens and what the post-processor puts around them."""
    case = _content()["with_special_tokens"]
    return case["text"], case["ids"]


def _content() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return content
