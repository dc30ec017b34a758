"""The sentences of the API exist in both languages, with the same values in them."""

from string import Formatter

from app.api.openai import problems
from app.words.en import system as english
from app.words.say import SENTENCES
from app.words.zh_cn import system as chinese


def values_in(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


def test_both_languages_say_the_same_things() -> None:
    assert english.SENTENCES.keys() == chinese.SENTENCES.keys()
    for code, sentence in english.SENTENCES.items():
        assert values_in(sentence) == values_in(chinese.SENTENCES[code]), code


def test_codes_with_a_name_of_openais_have_a_sentence_of_ours() -> None:
    codes = set(problems.CODES) - {"request_invalid"}
    assert codes <= SENTENCES["en"].keys()
