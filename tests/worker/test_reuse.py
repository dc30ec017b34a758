"""What was read before is used again and changes no choice, but by rounding, over the real llama.cpp."""

import random
from collections.abc import Sequence
from pathlib import Path

import msgspec

from app.worker.drafting import Drafter, DraftGate
from app.worker.messages import Finished, Generate, Load, Numbers, SnapshotPlan
from app.worker.scheduler import Parts
from app.worker.snapshots import Snapshots
from tests.worker.reading_room import (
    GREEDY,
    LARGEST_ROUNDING,
    Choice,
    ReadingRoom,
    eight_slots,
    first_difference,
    one_slot,
)

NUM_TOKENS = 24


def text(seed: int, length: int) -> list[int]:
    """Some tokens."""
    draw = random.Random(seed)
    return [draw.randrange(400) for _ in range(length)]


SYSTEM = text(1, 100)


def asked(name: str, tokens: list[int], owner: str = "ann", num_shared: int = 0) -> Generate:
    """The next turn of a chat that bears this name."""
    return Generate(name, tokens, NUM_TOKENS, GREEDY, owner=owner, chat=name, num_shared=num_shared)


def numbers(room: ReadingRoom, request: str) -> Numbers:
    """What a request took."""
    (finished,) = [each for each in room.said if isinstance(each, Finished) and each.request == request]
    return finished.numbers


def fresh(path: Path, tokens: list[int]) -> list[Choice]:
    """What is chosen behind these tokens when nothing was read before."""
    return ReadingRoom(one_slot(path)).write_all([tokens], NUM_TOKENS)[0]


def are_same(left: list[list[Choice]], right: list[list[Choice]]) -> bool:
    """Whether the texts part nowhere, or only where two tokens were as good as equal."""
    pairs = zip(left, right, strict=True)
    differing = [first_difference(one, other) for one, other in pairs]
    return all(each is None or each.margin < LARGEST_ROUNDING for each in differing)


def test_prefix_that_another_slot_holds_is_copied_and_changes_nothing(tiny_q8_gguf: Path) -> None:
    room = ReadingRoom(eight_slots(tiny_q8_gguf))
    room.answer_all([asked("first", SYSTEM + text(2, 30))])
    prompt = SYSTEM + text(3, 20)
    (choices,) = room.answer_all([asked("second", prompt)])
    assert numbers(room, "second").cached_tokens == len(SYSTEM)
    assert are_same([choices], [fresh(tiny_q8_gguf, prompt)])


def test_copying_from_a_slot_that_goes_on_writing_changes_neither(tiny_q8_gguf: Path) -> None:
    room = ReadingRoom(eight_slots(tiny_q8_gguf))
    prompts = [SYSTEM + text(2, 30), SYSTEM + text(3, 20), SYSTEM + text(4, 150)]
    room.scheduler.submit(asked("0", prompts[0]))
    for _ in range(8):
        room.scheduler.step()
    room.scheduler.submit(asked("1", prompts[1]))
    room.scheduler.submit(asked("2", prompts[2]))
    while room.scheduler.has_work:
        room.scheduler.step()
    assert [numbers(room, name).cached_tokens for name in "012"] == [0, len(SYSTEM), len(SYSTEM)]
    assert are_same(room.context.choices, [fresh(tiny_q8_gguf, prompt) for prompt in prompts])


def test_slot_that_is_overwritten_in_the_step_in_which_it_is_copied_is_copied_as_it_was(tiny_q8_gguf: Path) -> None:
    # llama.cpp does the copying at the next decode, and by then the source has been cut and taken by another text.
    room = ReadingRoom(eight_slots(tiny_q8_gguf))
    room.answer_all([asked("old", SYSTEM + text(2, 30))])
    prompts = [SYSTEM + text(3, 20), text(5, 60)]
    choices = room.answer_all([asked("new", prompts[0]), asked("old", prompts[1])])
    assert numbers(room, "new").cached_tokens == len(SYSTEM)
    assert are_same(choices, [fresh(tiny_q8_gguf, prompt) for prompt in prompts])


def test_system_prompt_of_all_who_ask_at_once_is_read_once(tiny_q8_gguf: Path) -> None:
    room = ReadingRoom(eight_slots(tiny_q8_gguf))
    prompts = [SYSTEM + text(seed, 20) for seed in range(10, 16)]
    requests = [
        asked(str(number), prompt, owner=f"person {number}", num_shared=len(SYSTEM))
        for number, prompt in enumerate(prompts)
    ]
    choices = room.answer_all(requests)
    cached = [numbers(room, str(number)).cached_tokens for number in range(6)]
    assert cached[0] == 0
    assert min(cached[1:]) >= 48
    assert are_same(choices, [fresh(tiny_q8_gguf, prompt) for prompt in prompts])


def test_chat_goes_on_after_a_restart_without_being_read_again(tiny_q8_gguf: Path, tmp_path: Path) -> None:
    plan = SnapshotPlan(str(tmp_path), "tiny", 1 << 24, 1 << 24)
    before = ReadingRoom(eight_slots(tiny_q8_gguf), Parts(Snapshots(plan)))
    (choices,) = before.answer_all([asked("chat", SYSTEM)])
    before.scheduler.prefixes.close(10)
    prompt = SYSTEM + [choice.token for choice in choices] + text(3, 20)
    after = ReadingRoom(eight_slots(tiny_q8_gguf), Parts(Snapshots(plan)))
    (going_on,) = after.answer_all([asked("chat", prompt)])
    assert numbers(after, "chat").cached_tokens == len(SYSTEM) + NUM_TOKENS - 1
    assert are_same([going_on], [fresh(tiny_q8_gguf, prompt)])


def test_chats_that_drive_each_other_out_of_the_only_slot_come_back_from_snapshots(
    tiny_q8_gguf: Path, tmp_path: Path
) -> None:
    room = ReadingRoom(one_slot(tiny_q8_gguf), Parts(Snapshots(SnapshotPlan(str(tmp_path), "tiny", 1 << 24, 0))))
    prompts = {"one": text(2, 120), "two": text(3, 90)}
    for name, prompt in prompts.items():
        room.answer_all([asked(name, prompt)])
    longer = prompts["one"] + text(4, 9)
    room.said.clear()
    (choices,) = room.answer_all([asked("one", longer)])
    assert numbers(room, "one").cached_tokens == 120
    assert are_same([choices], [fresh(tiny_q8_gguf, longer)])


class AlwaysGuess(DraftGate):
    """Guesses as much as it may."""

    def num_to_draft(self, num_sequences: int, max_tokens: int) -> int:  # noqa: ARG002
        return max_tokens


class Oracle:
    """Guesses what was written the last time, but for every fifth token."""

    def __init__(self, prompt: list[int], written: list[int]) -> None:
        self._written = written
        self._start = len(prompt)

    def draft(self, tokens: Sequence[int], max_tokens: int) -> list[int]:
        place = len(tokens) - self._start
        guesses = self._written[place : place + max_tokens]
        return [each if (place + index) % 5 else each + 1 for index, each in enumerate(guesses)]


def drafting(path: Path, slots: int) -> Load:
    """With guesses."""
    load = Load(str(path), 512, slots, 64, 1)
    return msgspec.structs.replace(load, draft=msgspec.structs.replace(load.draft, kind="lookup", max_tokens=6))


def test_guessed_tokens_change_no_choice(tiny_q8_gguf: Path) -> None:
    prompts = [text(seed, 60) for seed in (1, 2, 3)]
    expected = [fresh(tiny_q8_gguf, prompt) for prompt in prompts]
    oracles: list[Drafter] = [
        Oracle(prompt, [choice.token for choice in choices]) for prompt, choices in zip(prompts, expected, strict=True)
    ]
    room = ReadingRoom(drafting(tiny_q8_gguf, 3), Parts(None, lambda slot: oracles[slot], AlwaysGuess()))
    assert are_same(room.write_all(prompts, NUM_TOKENS), expected)
    # While a prompt is still read nothing is guessed; the answer to the last one of them was guessed at to its end.
    taken = [numbers(room, str(number)) for number in range(3)]
    assert any(8 <= each.accepted_tokens < each.drafted_tokens for each in taken)


class WrongGuesses:
    """Is never right, but once in a while."""

    def draft(self, tokens: Sequence[int], max_tokens: int) -> list[int]:
        return [(7 + len(tokens)) % 400] * max_tokens


def test_wrong_guesses_leave_nothing_behind_in_the_cache(tiny_q8_gguf: Path) -> None:
    prompt = text(1, 90)
    room = ReadingRoom(drafting(tiny_q8_gguf, 1), Parts(None, lambda _slot: WrongGuesses(), AlwaysGuess()))
    (first,) = room.answer_all([asked("first", prompt)])
    assert numbers(room, "first").drafted_tokens > NUM_TOKENS
    longer = prompt + [choice.token for choice in first] + text(4, 9)
    assert are_same([first], [fresh(tiny_q8_gguf, prompt)])
    assert are_same(room.answer_all([asked("second", longer)]), [fresh(tiny_q8_gguf, longer)])


def state_bytes(path: Path, kv_type: str) -> int:
    """What a prompt takes in the cache, in keys and values of this type."""
    room = ReadingRoom(msgspec.structs.replace(one_slot(path), kv_type=kv_type))
    (choices,) = room.write_all([SYSTEM], NUM_TOKENS)
    assert len(choices) == NUM_TOKENS
    return len(room.context.save(0))


def test_smaller_keys_and_values_write_too_and_take_less(tiny_gguf: Path) -> None:
    sizes = [state_bytes(tiny_gguf, kv_type) for kv_type in ("f16", "q8_0", "q4_0")]
    assert sizes[0] > 1.7 * sizes[1] > 1.7 * 1.7 * sizes[2]


def test_endless_answer_slides_on_in_a_full_context(tiny_q8_gguf: Path) -> None:
    room = ReadingRoom(Load(str(tiny_q8_gguf), 256, 1, 64, 1))
    generate = msgspec.structs.replace(asked("long", text(1, 200)), max_tokens=400, slides=True)
    (choices,) = room.answer_all([generate])
    (finished,) = [each for each in room.said if isinstance(each, Finished)]
    assert (finished.reason, len(choices)) == ("length", 400)


def test_state_of_another_number_of_slots_is_read_again(tiny_q8_gguf: Path, tmp_path: Path) -> None:
    plan = SnapshotPlan(str(tmp_path), "tiny", 1 << 24, 1 << 24)
    before = ReadingRoom(eight_slots(tiny_q8_gguf), Parts(Snapshots(plan)))
    before.answer_all([asked("chat", SYSTEM)])
    before.scheduler.prefixes.close(10)
    after = ReadingRoom(one_slot(tiny_q8_gguf), Parts(Snapshots(plan)))
    assert are_same(after.answer_all([asked("chat", SYSTEM)]), [fresh(tiny_q8_gguf, SYSTEM)])
