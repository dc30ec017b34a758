"""Models whose memory is one state that cannot be cut: it is used again whole or not at all, and text stays right."""

import random
from pathlib import Path

import pytest

from app.worker.messages import Finished, Generate, Load, SnapshotPlan
from app.worker.scheduler import Parts
from app.worker.snapshots import Snapshots
from tests.worker import recurrent_models
from tests.worker.reading_room import GREEDY, LARGEST_ROUNDING, Choice, ReadingRoom, first_difference

NUM_TOKENS = 16


@pytest.fixture(scope="module", params=["mamba", "jamba"])
def path(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One that is recurrent only, and one that attends as well."""
    file = tmp_path_factory.mktemp("recurrent") / "model.gguf"
    return recurrent_models.write_mamba(file) if request.param == "mamba" else recurrent_models.write_jamba(file)


def slots(path: Path, number: int) -> Load:
    """Short steps and one thread."""
    return Load(str(path), 256, number, 32, 1)


def text(seed: int, length: int) -> list[int]:
    """Some tokens."""
    draw = random.Random(seed)
    return [draw.randrange(3, 300) for _ in range(length)]


def asked(chat: str, tokens: list[int], is_background: bool = False) -> Generate:
    """The next turn of a chat."""
    return Generate(chat, tokens, NUM_TOKENS, GREEDY, chat=chat, is_background=is_background)


def fresh(path: Path, tokens: list[int]) -> list[Choice]:
    """What is chosen when nothing was read before."""
    return ReadingRoom(slots(path, 1)).write_all([tokens], NUM_TOKENS)[0]


def is_same(path: Path, choices: list[Choice], prompt: list[int]) -> bool:
    """Whether these are the choices behind a prompt that is read anew, but for rounding."""
    differing = first_difference(choices, fresh(path, prompt))
    return differing is None or differing.margin < LARGEST_ROUNDING / 5


def cached(room: ReadingRoom) -> list[int]:
    """How many tokens each request found."""
    return [each.numbers.cached_tokens for each in room.said if isinstance(each, Finished)]


def tokens_of(choices: list[Choice]) -> list[int]:
    """What was written."""
    return [choice.token for choice in choices]


def test_state_of_a_whole_chat_is_gone_on_from(path: Path) -> None:
    room = ReadingRoom(slots(path, 2))
    prompt = text(1, 80)
    (first,) = room.answer_all([asked("chat", prompt)])
    longer = prompt + tokens_of(first) + text(2, 10)
    (second,) = room.answer_all([asked("chat", longer)])
    assert cached(room) == [0, 80 + NUM_TOKENS - 1]
    assert is_same(path, first, prompt)
    assert is_same(path, second, longer)


def test_state_that_would_have_to_be_cut_is_read_again(path: Path) -> None:
    room = ReadingRoom(slots(path, 1))
    prompt = text(1, 80)
    room.answer_all([asked("chat", prompt)])
    (again,) = room.answer_all([asked("chat", prompt)])
    other = prompt[:70] + text(3, 20)
    (changed,) = room.answer_all([asked("chat", other)])
    assert cached(room) == [0, 0, 0]
    assert is_same(path, again, prompt)
    assert is_same(path, changed, other)


def test_chats_together_write_what_each_writes_alone(path: Path) -> None:
    prompts = [text(seed, 20 + 17 * seed) for seed in range(4)]
    together = ReadingRoom(slots(path, 4)).write_all(prompts, NUM_TOKENS)
    assert all(is_same(path, choices, prompt) for choices, prompt in zip(together, prompts, strict=True))


def test_state_comes_back_from_the_disk_after_a_restart(path: Path, tmp_path: Path) -> None:
    plan = SnapshotPlan(str(tmp_path), "tiny", 1 << 24, 1 << 24)
    before = ReadingRoom(slots(path, 2), Parts(Snapshots(plan)))
    prompt = text(1, 80)
    (first,) = before.answer_all([asked("chat", prompt)])
    before.scheduler.prefixes.close(10)
    longer = prompt + tokens_of(first) + text(2, 10)
    after = ReadingRoom(slots(path, 2), Parts(Snapshots(plan)))
    (second,) = after.answer_all([asked("chat", longer)])
    assert cached(after) == [80 + NUM_TOKENS - 1]
    assert is_same(path, second, longer)


def test_what_hearth_asks_for_itself_does_not_cost_a_chat_its_state(path: Path, tmp_path: Path) -> None:
    plan = SnapshotPlan(str(tmp_path), "tiny", 1 << 24, 0)
    room = ReadingRoom(slots(path, 1), Parts(Snapshots(plan)))
    prompt = text(1, 80)
    (first,) = room.answer_all([asked("chat", prompt)])
    room.answer_all([asked("chat", prompt + tokens_of(first) + text(4, 5), is_background=True)])
    longer = prompt + tokens_of(first) + text(2, 10)
    (second,) = room.answer_all([asked("chat", longer)])
    assert cached(room) == [0, 80 + NUM_TOKENS - 1, 80 + NUM_TOKENS - 1]
    assert is_same(path, second, longer)


def test_whole_state_of_one_slot_is_copied_to_another(path: Path) -> None:
    room = ReadingRoom(slots(path, 2))
    prompt = text(1, 80)
    (first,) = room.answer_all([asked("one", prompt)])
    longer = prompt + tokens_of(first) + text(2, 10)
    (second,) = room.answer_all([asked("two", longer)])
    assert cached(room) == [0, 80 + NUM_TOKENS - 1]
    assert is_same(path, second, longer)
    (third,) = room.answer_all([asked("one", prompt + tokens_of(first) + text(5, 7))])
    assert is_same(path, third, prompt + tokens_of(first) + text(5, 7))
