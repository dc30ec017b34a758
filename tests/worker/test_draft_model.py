"""A small model guesses for a large one: the tiny model for itself, so that every guess must be right."""

import shutil
from pathlib import Path

import pytest

from app.worker.drafting import DraftGate
from app.worker.errors import LlamaError
from app.worker.llama.context import LlamaContext
from app.worker.llama.draft_model import DraftModel, difference
from app.worker.llama.log import Log
from app.worker.llama.model import Model
from app.worker.messages import Draft, Finished, Load
from app.worker.scheduler import Parts
from tests.worker.reading_room import ReadingRoom
from tests.worker.spm_vocabulary import write_spm_vocabulary

PROMPT = [5, 60, 7, 61, 9, 62, 11]


def load(path: Path, draft: Path, slots: int = 2, context_tokens: int = 256) -> Load:
    """The model at `path` with another that drafts."""
    return Load(str(path), context_tokens, slots, 32, 1, draft=Draft("model", str(draft), 4))


@pytest.fixture(scope="module")
def large(tiny_q8_gguf: Path) -> LlamaContext:
    """The model whose text counts."""
    return LlamaContext(load(tiny_q8_gguf, tiny_q8_gguf), Log(), lambda _fraction: None)


@pytest.fixture
def model(tiny_q8_gguf: Path, large: LlamaContext) -> DraftModel:
    """The same one, as its own small model."""
    return DraftModel(load(tiny_q8_gguf, tiny_q8_gguf), Log(), large.vocabulary)


@pytest.fixture(scope="module")
def greedy_text(tiny_q8_gguf: Path) -> list[int]:
    """What follows the prompt."""
    return [choice.token for choice in ReadingRoom(load(tiny_q8_gguf, tiny_q8_gguf)).write_all([PROMPT], 40)[0]]


def test_guesses_are_what_the_same_model_writes(model: DraftModel, greedy_text: list[int]) -> None:
    assert model.draft(0, PROMPT, 8) == greedy_text[:8]


def test_guessing_goes_on_from_what_was_accepted_and_after_what_was_not(
    model: DraftModel, greedy_text: list[int]
) -> None:
    model.draft(0, PROMPT, 8)
    assert model.draft(0, [*PROMPT, *greedy_text[:3]], 4) == greedy_text[3:7]
    assert model.draft(0, [*PROMPT, *greedy_text[:20]], 4) == greedy_text[20:24]
    model.draft(0, [*PROMPT, 3, 4], 4)
    assert model.draft(0, [*PROMPT, *greedy_text[:5]], 4) == greedy_text[5:9]


def test_another_text_in_the_slot_is_read_from_its_beginning(model: DraftModel, greedy_text: list[int]) -> None:
    model.draft(1, [9, 9, 9, 9], 4)
    assert model.draft(1, PROMPT, 4) == greedy_text[:4]


def test_long_text_is_read_piece_by_piece_before_anything_is_guessed(model: DraftModel) -> None:
    tokens = [number % 300 + 5 for number in range(100)]
    guesses = [model.draft(0, tokens, 2) for _ in range(4)]
    assert [len(each) for each in guesses] == [0, 0, 0, 2]


def test_several_texts_are_guessed_together_as_each_alone(model: DraftModel, greedy_text: list[int]) -> None:
    other = [8, 70, 8, 71]
    alone = model.draft(0, other, 4)
    assert model.draft_all([(0, other), (1, PROMPT)], 4) == [alone, greedy_text[:4]]
    assert model.draft_all([], 4) == []


def test_nothing_is_guessed_where_there_is_no_room_or_no_wish(model: DraftModel) -> None:
    assert model.draft(0, PROMPT * 40, 4) == []
    assert model.draft(0, [], 4) == []
    assert model.draft(0, PROMPT, 0) == []


def test_token_that_the_small_model_does_not_know_stops_it(model: DraftModel, large: LlamaContext) -> None:
    assert model.draft(0, [*PROMPT, large.vocabulary.size + 5], 4) == []


def test_scheduler_writes_the_same_text_with_it_and_takes_its_guesses(
    tiny_q8_gguf: Path, model: DraftModel, greedy_text: list[int]
) -> None:
    room = ReadingRoom(load(tiny_q8_gguf, tiny_q8_gguf), Parts(drafter=model.drafter, gate=EagerGate()))
    choices = room.write_all([PROMPT], 40)[0]
    assert [choice.token for choice in choices] == greedy_text
    (finished,) = [each for each in room.said if isinstance(each, Finished)]
    assert finished.numbers.drafted_tokens > 20
    assert finished.numbers.accepted_tokens == finished.numbers.drafted_tokens


class EagerGate(DraftGate):
    """Guesses always."""

    def num_to_draft(self, num_sequences: int, max_tokens: int) -> int:
        return max_tokens if num_sequences else 0


def changed_vocabulary(path: Path, target: Path, token: bytes, other: bytes) -> Path:
    """A copy of a model in which a token is spelled differently, equally long."""
    assert len(token) == len(other)
    content = path.read_bytes()
    before = len(token).to_bytes(8, "little") + token
    assert before in content
    target.write_bytes(content.replace(before, len(other).to_bytes(8, "little") + other, 1))
    return target


def test_model_whose_tokens_mean_something_else_is_refused(
    tiny_q8_gguf: Path, large: LlamaContext, tmp_path: Path
) -> None:
    other = changed_vocabulary(tiny_q8_gguf, tmp_path / "other.gguf", b"<|eom_id|>", b"<|eom_ix|>")
    with pytest.raises(LlamaError) as failure:
        DraftModel(load(tiny_q8_gguf, other), Log(), large.vocabulary)
    assert failure.value.code == "draft_vocabulary_differs"
    assert "<|eom_ix|>" in failure.value.detail


def test_vocabulary_of_another_size_or_kind_is_refused(large: LlamaContext, tmp_path: Path) -> None:
    other = Model(write_spm_vocabulary(tmp_path / "spm.gguf", None), Log(), True, lambda _fraction: None)
    assert difference(large.vocabulary, other.vocabulary)
    assert not difference(large.vocabulary, large.vocabulary)


def test_small_model_that_is_missing_is_an_error_of_loading(
    tiny_q8_gguf: Path, large: LlamaContext, tmp_path: Path
) -> None:
    short = tmp_path / "short.gguf"
    shutil.copy(tiny_q8_gguf, short)
    short.write_bytes(short.read_bytes()[:-5000])
    with pytest.raises(LlamaError) as failure:
        DraftModel(load(tiny_q8_gguf, short), Log(), large.vocabulary)
    assert failure.value.code == "model_load_failed"
