"""Every code that services and the store raise has a sentence in both languages that takes its values."""

import re
from pathlib import Path
from string import Formatter

import pytest

from app.words import say

SOURCES = [
    path
    for folder in ("services", "store")
    for path in (Path(__file__).parents[2] / "app" / folder).rglob("*.py")
    if "migrations" not in path.parts
]
ERRORS = "InvalidInput|NotSignedIn|Forbidden|NotFound|Conflict|TooLarge|Busy|Unavailable|BadFile|BadSetup|FailedEvent"
CODES = sorted({code for path in SOURCES for code in re.findall(rf'(?:{ERRORS})\(\s*"(\w+)"', path.read_text())})


def test_the_codes_were_found() -> None:
    assert {"chat_busy", "setup_token_wrong", "database_newer", "reply_broken_off"} <= set(CODES)


@pytest.mark.parametrize("code", [*CODES, "server_stopped", "model_not_chat", "database_broken", "reply_not_stored"])
def test_a_code_has_a_sentence_in_both_languages_with_the_same_values(code: str) -> None:
    sentences = [say.SENTENCES[language][code] for language in (say.ENGLISH, say.CHINESE)]
    english, chinese = ({field for _, field, _, _ in Formatter().parse(text) if field} for text in sentences)
    assert english == chinese
