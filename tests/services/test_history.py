"""What of a chat goes to the model, by true counts: a token is a word here, and each turn has one more."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from app.engine.events import ModelFile
from app.errors import TooLarge, Unavailable
from app.services import history
from app.services.cut import Cut, Summary
from app.services.exchanges import Exchange, Said, exchanges_of
from app.services.history import Past, Prompt
from app.services.summary_words import summary_turns
from app.worker.messages import Turn
from tests.scripted_engine import ScriptedEngine

pytestmark = pytest.mark.anyio

# A quarter is kept free for the answer: 75 tokens are left for the prompt, and a cut leaves 48 of them filled.
CONTEXT = 100
MODEL = ModelFile("small", Path("small.gguf"), CONTEXT)
SYSTEM = Turn("system", "Be kind.")


def talk(num_questions: int, words: int = 3) -> list[Turn]:
    """Questions and answers of so many words each, ending with a question."""
    turns = []
    for number in range(num_questions):
        turns += [
            Turn("user", f"q{number} " + "w " * (words - 1)),
            Turn("assistant", f"a{number} " + "w " * (words - 1)),
        ]
    return turns[:-1]


def exchanges(turns: list[Turn]) -> tuple[Exchange, ...]:
    """As they are read from the database: message `m5` is turn 5, and the last one is not stored yet."""
    said = [Said(f"m{number}", turn) for number, turn in enumerate(turns)]
    return tuple(exchanges_of([*said[:-1], Said(None, turns[-1])]))


async def prompt_for(engine: ScriptedEngine, turns: list[Turn], system_prompt: str = "", **past: object) -> Prompt:
    wanted = replace(Past(system_prompt, exchanges(turns)), **past)  # type: ignore[arg-type]
    return await history.prompt_for(engine, MODEL, CONTEXT, wanted)


async def test_a_message_that_cannot_fit_is_refused_with_the_numbers() -> None:
    with pytest.raises(TooLarge) as caught:
        await prompt_for(ScriptedEngine(), [*talk(3), Turn("assistant", "a"), Turn("user", "w " * 80)])
    assert caught.value.code == "message_too_long"
    assert caught.value.params == {"tokens": 82, "limit": 75}
    with pytest.raises(TooLarge):
        await prompt_for(ScriptedEngine(), [Turn("user", "w " * 80)])


async def test_the_system_prompt_counts_too() -> None:
    with pytest.raises(TooLarge):
        await prompt_for(ScriptedEngine(), [Turn("user", "w " * 10)], "w " * 70)


async def test_an_engine_that_cannot_render_is_heard() -> None:
    engine = ScriptedEngine()
    engine.render_error = Unavailable("renderer_gone")
    with pytest.raises(Unavailable):
        await prompt_for(engine, talk(1))


async def test_what_fits_is_rendered_once_and_whole() -> None:
    engine = ScriptedEngine()
    prompt = await prompt_for(engine, talk(3), "Be kind.")
    assert prompt.turns == (SYSTEM, *talk(3))
    assert (prompt.rendered.num_shared, prompt.cut) == (3, None)
    assert len(engine.rendered) == 1


@pytest.mark.parametrize("num_questions", [10, 11, 40, 1000])
async def test_the_beginning_and_the_newest_exchanges_stay_and_the_middle_is_left_out(num_questions: int) -> None:
    engine = ScriptedEngine()
    said = talk(num_questions)
    prompt = await prompt_for(engine, said, "Be kind.")
    # 1 for the answer's opening, 3 for the system prompt, 8 for the first exchange, 4 for each turn: 9 turns make 48.
    assert prompt.turns == (SYSTEM, *said[:2], *said[-9:])
    assert len(prompt.tokens) == 48
    assert prompt.cut == Cut("m1", f"m{len(said) - 10}")
    assert len(engine.rendered) <= 12


async def test_a_cut_is_kept_until_the_room_is_full_again() -> None:
    engine = ScriptedEngine()
    prompts = []
    cut: Cut | None = None
    for num_questions in range(9, 20):
        prompts.append(await prompt_for(engine, talk(num_questions), "Be kind.", cut=cut))
        cut = prompts[-1].cut
    kept = [prompt.turns[3].content.split()[0] for prompt in prompts]
    assert kept == ["q1", *["q5"] * 4, *["q9"] * 4, *["q13"] * 2]
    for before, after in pairwise(prompts):
        if before.cut == after.cut:
            assert after.turns[: len(before.turns)] == before.turns
    assert all(len(prompt.tokens) <= 75 for prompt in prompts)


async def test_a_cut_is_kept_with_one_rendering() -> None:
    engine = ScriptedEngine()
    await prompt_for(engine, talk(12), cut=Cut("m1", "m9"))
    assert len(engine.rendered) == 1


async def test_a_cut_of_another_branch_is_not_used() -> None:
    prompt = await prompt_for(ScriptedEngine(), talk(3), cut=Cut("m1", "elsewhere"))
    assert prompt.turns == tuple(talk(3))
    assert prompt.cut is None


async def test_all_is_read_again_once_there_is_room_for_it() -> None:
    prompt = await prompt_for(ScriptedEngine(), talk(6), cut=Cut(None, "m7"))
    assert prompt.turns == tuple(talk(6))
    assert prompt.cut is None


async def test_a_summary_takes_the_place_of_the_middle() -> None:
    engine = ScriptedEngine()
    said = talk(20)
    summary = Summary("s", None, "m31", "We said w often.")
    prompt = await prompt_for(engine, said, "Be kind.", summary=summary)
    assert prompt.turns[:5] == (SYSTEM, *said[:2], *summary_turns(summary.text))
    assert prompt.turns[5:] == tuple(said[-len(prompt.turns[5:]) :])
    assert prompt.cut is not None
    assert (prompt.cut.after_id, prompt.cut.summary) == ("m1", summary)
    roles = [turn.role for turn in prompt.turns[1:]]
    assert roles == ["user" if place % 2 == 0 else "assistant" for place in range(len(roles))]


async def test_a_kept_cut_keeps_its_summary_also_when_there_is_a_newer_one() -> None:
    old, new = Summary("old", None, "m5", "Old."), Summary("new", None, "m9", "New.")
    cut = Cut("m1", "m5", old)
    prompt = await prompt_for(ScriptedEngine(), talk(5), cut=cut, summary=new)
    assert Turn("assistant", "Old.") in prompt.turns
    assert prompt.cut == cut


async def test_a_first_exchange_that_is_a_whole_book_is_left_out_too() -> None:
    said = [Turn("user", "book " * 30), Turn("assistant", "fine"), *talk(10)]
    prompt = await prompt_for(ScriptedEngine(), said, "Be kind.")
    assert prompt.turns[0] == SYSTEM
    assert prompt.turns[1:] == tuple(said[-len(prompt.turns[1:]) :])
    assert prompt.cut is not None
    assert prompt.cut.after_id is None


async def test_what_is_wanted_in_front_gives_way_to_a_long_message() -> None:
    said = [*talk(3), Turn("assistant", "a"), Turn("user", "w " * 66)]
    summary = Summary("s", None, "m3", "In short.")
    prompt = await prompt_for(ScriptedEngine(), said, "Be kind.", summary=summary)
    assert prompt.turns == (SYSTEM, said[-1])
    assert prompt.cut == Cut(None, "m5")


async def test_a_blank_system_prompt_is_none() -> None:
    prompt = await prompt_for(ScriptedEngine(), talk(1), "  \n")
    assert prompt.turns == tuple(talk(1))


async def test_stopped_answers_go_in_as_they_are_and_empty_ones_stay_out() -> None:
    said = [
        Turn("user", "one"),
        Turn("assistant", ""),
        Turn("user", "two"),
        Turn("assistant", "I was"),
        Turn("user", "3"),
    ]
    prompt = await prompt_for(ScriptedEngine(), said)
    assert prompt.turns == (Turn("user", "one\n\ntwo"), Turn("assistant", "I was"), Turn("user", "3"))
    assert [exchange.ids for exchange in exchanges(said)] == [("m0", "m1", "m2", "m3"), (None,)]


async def test_what_a_model_cannot_follow_counts_as_left_out() -> None:
    ten = exchanges(talk(10))
    past = Past("", ten[-3:], keeps_first=False)
    prompt = await history.prompt_for(ScriptedEngine(), MODEL, CONTEXT, past, history.cut_before(ten, 3))
    assert prompt.turns == tuple(talk(10)[-5:])
    assert prompt.cut == Cut(None, "m13")
    assert history.cut_before(ten[:3], 3) is None
