"""Both languages say everything, with the same values, and every code that the code raises has its sentence."""

import re
import string
from pathlib import Path

import pytest

from app.words.say import CHINESE, ENGLISH, SENTENCES, best_language, say

APP = Path(__file__).parent.parent / "app"
RAISED = re.compile(
    r"\b(?:InvalidInput|NotSignedIn|Forbidden|NotFound|Conflict|TooLarge|Busy|Unavailable|BadFile|BadSetup)\(\s*\"(\w+)\""
)


def fields_of(sentence: str) -> set[str]:
    """The values that a sentence needs."""
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


def test_both_languages_know_the_same_codes() -> None:
    assert set(SENTENCES[ENGLISH]) == set(SENTENCES[CHINESE])


@pytest.mark.parametrize("code", sorted(SENTENCES[ENGLISH]))
def test_both_languages_use_the_same_values(code: str) -> None:
    assert fields_of(SENTENCES[ENGLISH][code]) == fields_of(SENTENCES[CHINESE][code])


def test_every_code_that_is_raised_has_a_sentence() -> None:
    raised = {code for file in APP.rglob("*.py") for code in RAISED.findall(file.read_text())}
    assert len(raised) > 30
    assert raised - set(SENTENCES[ENGLISH]) == set()


def test_every_sentence_is_used_somewhere() -> None:
    code = "\n".join(file.read_text() for file in APP.rglob("*.py") if "words" not in file.parts)
    unused = {name for name in SENTENCES[ENGLISH] if not re.search(rf"\b{name}\b", code)}
    dynamic = {name for name in unused if name.startswith(("doctor_threads_", "request_field_", "page_"))}
    assert unused - dynamic == set()


def test_no_code_is_defined_twice() -> None:
    for language in ("en", "zh_cn"):
        names = [
            name
            for file in (APP / "words" / language).glob("*.py")
            for name in re.findall(r"^    \"(\w+)\":", file.read_text(), re.MULTILINE)
        ]
        assert len(names) == len(set(names)), sorted(name for name in names if names.count(name) > 1)


@pytest.mark.parametrize(
    ("header", "language"),
    [("zh-CN,zh;q=0.9,en;q=0.8", CHINESE), ("de-DE,en;q=0.5", ENGLISH), ("", ENGLISH), ("zh-TW", CHINESE)],
)
def test_the_reader_is_answered_in_a_language_they_ask_for(header: str, language: str) -> None:
    assert best_language(header) == language


def test_a_sentence_is_filled_with_its_values() -> None:
    assert "7860" in say("port_taken", {"host": "127.0.0.1", "port": 7860}, CHINESE)
