"""Prompt formats, shared system prompts and begun reasoning, with real vocabularies."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from app.errors import InvalidInput
from app.worker import messages
from app.worker.messages import Rendered, Turn
from app.worker.prompt import Prompts, answer, num_common
from tests.worker.spm_vocabulary import write_spm_vocabulary

SYSTEM = Turn("system", "You are the assistant of a house by the sea, and you are brief.")
LLAMA2_TALK = [Turn("user", "a"), Turn("assistant", "b"), Turn("user", "c")]


def specials(prompts: Prompts, tokens: Sequence[int]) -> list[str]:
    """The control tokens among them, spelled out."""
    known = set(prompts.vocabulary.special_texts())
    return [text for text in map(prompts.vocabulary.text, tokens) if text in known]


def test_a_format_by_name_is_used_instead_of_the_files_own_template(tiny_gguf: Path) -> None:
    prompts = Prompts.open(tiny_gguf, "alpaca")
    text = b"".join(map(prompts.vocabulary.piece, prompts.render([Turn("user", "hi")]))).decode()
    assert text.endswith("### Instruction:\nhi\n\n### Response:\n")
    assert prompts.stop == ["### Instruction:", "### Response:"]
    assert not prompts.has_template


def test_a_format_whose_end_is_a_token_needs_no_stop_string(tiny_gguf: Path) -> None:
    prompts = Prompts.open(tiny_gguf, "llama-3")
    assert prompts.render([SYSTEM, Turn("user", "hi")]) == Prompts.open(tiny_gguf).render([SYSTEM, Turn("user", "hi")])
    assert prompts.stop == []
    assert Prompts.open(tiny_gguf, "chatml").stop == ["<|im_end|>"]


def test_an_unknown_format_is_refused_before_the_file_is_opened(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as caught:
        Prompts.open(tmp_path / "no file at all", "klingon")
    assert caught.value.code == "prompt_format_unknown"


def test_each_exchange_of_llama_2_begins_and_ends_like_a_text_of_its_own(tmp_path: Path) -> None:
    prompts = Prompts.open(write_spm_vocabulary(tmp_path / "llama-2-7b-chat.gguf", None))
    tokens = prompts.render(LLAMA2_TALK)
    assert specials(prompts, tokens) == ["<s>", "</s>", "<s>"]
    text = b"".join(map(prompts.vocabulary.piece, tokens)).decode()
    assert text == " [INST] a [/INST] b  [INST] c [/INST]"
    assert prompts.stop == ["[INST]"]


@pytest.mark.parametrize("name", ["", "llama-2-chat", "vicuna", "gemma", "mistral-instruct", "plain"])
def test_the_shared_tokens_are_the_system_prompt_and_nothing_of_what_people_say(tiny_gguf: Path, name: str) -> None:
    prompts = Prompts.open(tiny_gguf, name)
    asked = [prompts.prepare([SYSTEM, Turn("user", text)]) for text in ("Why?", "What?", "7 + 8 = ?", "", "你好")]
    asked.append(prompts.prepare([SYSTEM, *LLAMA2_TALK]))
    counts = {prompt.num_shared for prompt in asked}
    # The blank in front of a message is a token of its own before some words, and part of others.
    count = min(counts)
    assert max(counts) - count <= 1
    shared = asked[0].tokens[:count]
    assert all(prompt.tokens[:count] == shared for prompt in asked)
    text = b"".join(map(prompts.vocabulary.piece, shared)).decode()
    assert SYSTEM.content in text
    assert not any(said in text for said in ("Why", "7", "hi"))


def test_without_a_system_turn_nothing_is_shared(tiny_gguf: Path) -> None:
    assert Prompts.open(tiny_gguf).prepare([Turn("user", "hi")]).num_shared == 0


def test_another_system_prompt_shares_with_its_like_only(tiny_gguf: Path) -> None:
    prompts = Prompts.open(tiny_gguf)
    one, other = (prompts.prepare([Turn("system", text), Turn("user", "hi")]) for text in ("Be brief.", "Be long."))
    assert one.num_shared > num_common(one.tokens, other.tokens)
    assert prompts.prepare([Turn("system", "Be brief."), Turn("user", "hi")]) == one


def test_a_template_that_fails_for_a_system_prompt_alone_shares_nothing(tmp_path: Path) -> None:
    source = (
        "{% if messages | length < 3 %}{{ raise_exception('too short') }}{% endif %}"
        "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}"
    )
    prompts = Prompts.open(write_spm_vocabulary(tmp_path / "long.gguf", source))
    assert prompts.prepare([SYSTEM, *LLAMA2_TALK]).num_shared == 0


def test_a_template_that_opens_the_reasoning_says_so(tmp_path: Path) -> None:
    source = "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}<|end|>{{ '<think>\n' }}"
    prompts = Prompts.open(write_spm_vocabulary(tmp_path / "thinks.gguf", source))
    rendered = answer(prompts, messages.Render("1", [Turn("user", "hi")]))
    assert isinstance(rendered, Rendered)
    assert rendered.opening == "<think>\n"
    assert rendered.tokens == prompts.render([Turn("user", "hi")])


def test_marks_of_reasoning_are_told_even_where_they_are_special_tokens(tmp_path: Path) -> None:
    path = write_spm_vocabulary(tmp_path / "thinks.gguf", None, ("<think>", "</think>", "<|end|>"))
    vocabulary = Prompts.open(path).vocabulary
    (think,) = vocabulary.tokenize("<think>", parse_special=True)
    (end,) = vocabulary.tokenize("<|end|>", parse_special=True)
    assert (vocabulary.piece(think), vocabulary.piece(end)) == (b"<think>", b"")
