"""What a model thinks aloud is told from what it answers, in whole texts and in pieces of any size."""

import itertools

import pytest

from app.worker.reasoning import Kind, ReasoningSplitter, opening_of, split, without_reasoning

TEXTS = [
    ("plain", False, "", "plain"),
    ("", False, "", ""),
    ("  two blanks first\n", False, "", "  two blanks first\n"),
    ("<think>\nhm, 2 < 3\n</think>\n\nThree.", False, "hm, 2 < 3", "Three."),
    ("\n<think>a</think>b", False, "a", "b"),
    ("<think></think>Yes.", False, "", "Yes."),
    ("<think>\n\n</think>\n\nYes.", False, "", "Yes."),
    ("[THINK]a [b]\n[/THINK]c", False, "a [b]", "c"),
    ("hm\n</think>\n\nYes. </think>", True, "hm", "Yes. </think>"),
    ("<think>\nhm</think>Yes.", True, "hm", "Yes."),
    ("\n hm", True, "hm", ""),
    ("<think>never closed </thin", False, "never closed </thin", ""),
    ("<thinking is hard", False, "", "<thinking is hard"),
    ("<th", False, "", "<th"),
    ("It is <think>here</think>.", False, "", "It is <think>here</think>."),
    ("<think>a <think> b</think>c <think>d</think>", False, "a <think> b", "c <think>d</think>"),
    ("<think>a</ think></thi</think>b", False, "a</ think></thi", "b"),
    ("<think>a  \n  b</think>  c", False, "a  \n  b", "c"),
]


def in_pieces(text: str, starts_inside: bool, size: int) -> list[tuple[Kind, str]]:
    splitter = ReasoningSplitter(starts_inside)
    pieces = [text[place : place + size] for place in range(0, len(text), size)]
    return [*itertools.chain.from_iterable(map(splitter.add, pieces)), *splitter.finish()]


@pytest.mark.parametrize(("text", "starts_inside", "reasoning", "answer"), TEXTS)
def test_a_text_is_split_the_same_in_one_piece_and_in_many(
    text: str, starts_inside: bool, reasoning: str, answer: str
) -> None:
    assert split(text, starts_inside) == (reasoning, answer)
    for size in range(1, 12):
        parts = in_pieces(text, starts_inside, size)
        assert all(part for _, part in parts)
        assert "".join(part for kind, part in parts if kind == "reasoning") == reasoning
        assert "".join(part for kind, part in parts if kind == "answer") == answer
        kinds = [kind for kind, _ in itertools.groupby(parts, key=lambda part: part[0])]
        assert kinds in ([], ["reasoning"], ["answer"], ["reasoning", "answer"])


def test_an_answer_is_not_held_back_once_it_has_begun() -> None:
    splitter = ReasoningSplitter(False)
    assert splitter.add("<think>so</think>a <") == [("reasoning", "so"), ("answer", "a <")]
    assert splitter.add("think> ") == [("answer", "think> ")]


def test_reasoning_is_shown_while_it_is_written() -> None:
    splitter = ReasoningSplitter(True)
    assert splitter.add("first. ") == [("reasoning", "first.")]
    assert splitter.add("second") == [("reasoning", " second")]


def test_answers_go_back_to_the_model_without_their_reasoning() -> None:
    assert without_reasoning("<think>\nlong\n</think>\n\nShort.") == "Short."
    assert without_reasoning("Short.") == "Short."


@pytest.mark.parametrize(
    ("prompt", "opening"),
    [
        ("<|user|>Hi<|assistant|><think>\n", "<think>\n"),
        ("Hi<think>", "<think>"),
        ("[THINK]", "[THINK]"),
        ("<think> <|assistant|>", ""),
        ("", ""),
    ],
)
def test_a_prompt_that_ends_in_the_tag_has_begun_the_reasoning(prompt: str, opening: str) -> None:
    assert opening_of(prompt) == opening
