"""What a person is told when a child goes wrong."""

import re
import signal
from pathlib import Path

import pytest

from app.engine.troubles import BROKEN_FILE, death_error, load_error, request_error
from app.errors import BadFile, InvalidInput, TooLarge, Unavailable
from app.words.en import engine as english
from app.words.say import CHINESE, ENGLISH, SENTENCES, say
from app.words.zh_cn import engine as chinese

APP = Path(__file__).parents[2] / "app"


@pytest.mark.parametrize("status", [1, *(-number for number in signal.Signals), -100])
def test_every_way_to_die_has_a_sentence(status: int) -> None:
    error = death_error("Tiny", status)
    assert isinstance(error, Unavailable)
    assert error.code.startswith("worker_died")
    for language in (ENGLISH, CHINESE):
        assert "Tiny" in say(error.code, error.params, language)


def test_signals_that_people_meet_are_put_in_words() -> None:
    assert "memory" in say(death_error("Tiny", -signal.SIGKILL).code, {"model": "Tiny", "signal": "SIGKILL"})
    assert "processor" in say(death_error("Tiny", -signal.SIGILL).code, {"model": "Tiny", "signal": "SIGILL"})


def test_kill_that_the_system_has_counted_is_told_for_sure() -> None:
    error = death_error("Tiny", -signal.SIGKILL, saw_oom_kill=True)
    assert error.code == "worker_died_out_of_memory"
    assert death_error("Tiny", -signal.SIGSEGV, saw_oom_kill=True).code == "worker_died_crashed"


def test_requests_that_cannot_be_done_are_told_apart_by_whose_fault_they_are() -> None:
    assert isinstance(request_error("Tiny", "grammar_invalid", "line 1"), InvalidInput)
    assert isinstance(request_error("Tiny", "prompt_does_not_fit", "9 tokens"), TooLarge)
    assert isinstance(request_error("Tiny", "decode_failed", ""), Unavailable)


def test_load_errors_are_told_apart_by_whose_fault_they_are() -> None:
    assert all(isinstance(load_error("Tiny", code, ""), BadFile) for code in BROKEN_FILE)
    assert isinstance(load_error("Tiny", "template_refused", ""), InvalidInput)
    assert isinstance(load_error("Tiny", "model_memory", ""), Unavailable)


def test_full_stop_of_a_reason_is_left_to_the_sentence_around_it() -> None:
    error = load_error("Tiny", "template_broken", "TemplateSyntaxError: expected token 'end of print statement'.\n")
    assert "statement'. Choose" in say(error.code, error.params, ENGLISH)


def test_every_code_that_engine_and_worker_name_has_a_sentence() -> None:
    sources = [path.read_text() for folder in ("engine", "worker") for path in (APP / folder).glob("*.py")]
    pattern = r'"((?:worker|model|template|renderer|vocabulary|prompt|decode|queue|engine)_[a-z_]+)"'
    named = {code for source in sources for code in re.findall(pattern, source)}
    assert {"queue_full", "model_keeps_crashing", "template_too_slow"} <= named <= set(SENTENCES[ENGLISH])


def test_both_languages_say_the_same_things_with_the_same_values() -> None:
    def values(sentence: str) -> set[str]:
        return set(re.findall(r"{(\w+)}", sentence))

    assert english.SENTENCES.keys() == chinese.SENTENCES.keys()
    for code, sentence in english.SENTENCES.items():
        assert values(sentence) == values(chinese.SENTENCES[code]), code
