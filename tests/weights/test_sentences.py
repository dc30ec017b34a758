"""Everything that file work can say has a sentence in both languages, with the values that it is given."""

import ast
import string
from collections.abc import Iterator
from pathlib import Path

import app.weights
from app.words.en import weights as english
from app.words.zh_cn import weights as chinese

FOLDER = Path(app.weights.__file__).parent
ERRORS = {"BadFile", "BadSetup", "InvalidInput", "Conflict", "Unavailable"}


def raised() -> Iterator[tuple[str, set[str]]]:
    """Code and names of the values of every error that is built with a literal code."""
    for file in FOLDER.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ERRORS:
                names = {keyword.arg for keyword in node.keywords if keyword.arg}
                for code in ast.walk(node.args[0]):
                    if isinstance(code, ast.Constant) and isinstance(code.value, str):
                        yield code.value, names


def placeholders(sentence: str) -> set[str]:
    """The values that a sentence wants."""
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


def test_every_error_has_a_sentence_that_fits_its_values() -> None:
    codes = dict(raised())
    assert len(codes) > 25
    for code, names in codes.items():
        if code in english.SENTENCES:
            assert placeholders(english.SENTENCES[code]) <= names, code
        else:
            assert not code.islower() or code.startswith("child_"), f"{code} has no sentence"


def test_both_languages_say_the_same_with_the_same_values() -> None:
    assert english.SENTENCES.keys() == chinese.SENTENCES.keys()
    for code, sentence in english.SENTENCES.items():
        assert placeholders(sentence) == placeholders(chinese.SENTENCES[code]), code
