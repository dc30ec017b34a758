"""What of a chat goes to the model, by true counts: a token is a word here, and each turn has one more."""

from pathlib import Path

import pytest

from app.engine.events import ModelFile
from app.errors import TooLarge, Unavailable
from app.services import history
from app.worker.messages import Turn
from tests.scripted_engine import ScriptedEngine

pytestmark = pytest.mark.anyio

# A quarter is kept free for the answer: 75 tokens are left for the prompt.
MODEL = ModelFile("small", Path("small.gguf"), context_tokens=100)


def talk(num_questions: int, words: int = 3) -> list[Turn]:
    """Questions and answers of so many words each, ending with a question."""
    turns = []
    for number in range(num_questions):
        turns += [
            Turn("user", f"q{number} " + "w " * (words - 1)),
            Turn("assistant", f"a{number} " + "w " * (words - 1)),
        ]
    return turns[:-1]


async def test_a_message_that_cannot_fit_is_refused_with_the_numbers() -> None:
    with pytest.raises(TooLarge) as caught:
        await history.turns_for(
            ScriptedEngine(), MODEL, "", [*talk(3), Turn("assistant", "a"), Turn("user", "w " * 80)]
        )
    assert caught.value.code == "message_too_long"
    assert caught.value.params == {"tokens": 82, "limit": 75}


async def test_the_system_prompt_counts_too() -> None:
    with pytest.raises(TooLarge):
        await history.turns_for(ScriptedEngine(), MODEL, "w " * 70, [Turn("user", "w " * 10)])


async def test_an_engine_that_cannot_render_is_heard() -> None:
    engine = ScriptedEngine()
    engine.render_error = Unavailable("renderer_gone")
    with pytest.raises(Unavailable):
        await history.turns_for(engine, MODEL, "", talk(1))


async def test_what_fits_is_rendered_once_and_whole() -> None:
    engine = ScriptedEngine()
    prompt = await history.turns_for(engine, MODEL, "Be kind.", talk(3))
    assert prompt.turns == (Turn("system", "Be kind."), *talk(3))
    assert len(engine.rendered) == 1


@pytest.mark.parametrize("num_questions", [10, 11, 40, 1000])
async def test_the_newest_turns_that_fit_are_kept_and_a_question_stands_first(num_questions: int) -> None:
    engine = ScriptedEngine()
    said = talk(num_questions)
    prompt = await history.turns_for(engine, MODEL, "Be kind.", said)
    # 1 for the answer's opening, 3 for the system prompt, 4 for each turn: 17 turns fit, an odd number starts and ends
    # with a question.
    assert prompt.turns == (Turn("system", "Be kind."), *said[-17:])
    assert prompt.turns[1].role == "user"
    assert len(prompt.tokens) == 72
    assert len(engine.rendered) <= 12


async def test_a_blank_system_prompt_is_none() -> None:
    prompt = await history.turns_for(ScriptedEngine(), MODEL, "  \n", talk(1))
    assert prompt.turns == tuple(talk(1))


async def test_stopped_answers_go_in_as_they_are_and_empty_ones_stay_out() -> None:
    said = [
        Turn("user", "one"),
        Turn("assistant", ""),
        Turn("user", "two"),
        Turn("assistant", "I was"),
        Turn("user", "3"),
    ]
    prompt = await history.turns_for(ScriptedEngine(), MODEL, "", said)
    assert prompt.turns == (Turn("user", "one\n\ntwo"), Turn("assistant", "I was"), Turn("user", "3"))


async def test_only_the_newest_questions_are_kept_when_a_model_cannot_follow_more() -> None:
    assert history.newest(talk(5), 3) == talk(5)[4:]
    assert history.newest(talk(2), 3) == talk(2)
    assert history.newest([], 3) == []
