"""How much is read beside writers, on boxes that are only a formula."""

from collections.abc import Callable
from statistics import median

from app.worker.chunks import LEAST_CHUNK, UNMEASURED_CHUNK, WHOLE_CHUNK, Chunks

Box = Callable[[int, int], float]


def slow_box(num_writing: int, num_read: int) -> float:
    """Two cores: a pass costs 80 ms, a token that is read 6 ms."""
    return (0.08 if num_writing else 0.0) + 0.006 * num_read


def box_with_costly_passes(num_writing: int, num_read: int) -> float:
    """Each pass over the weights costs much, however little is read."""
    return (0.05 if num_writing else 0.0) + (0.2 + 0.001 * num_read if num_read else 0.0)


def fast_box(num_writing: int, num_read: int) -> float:
    """Few tokens are read as slowly as they are written; many at once much faster."""
    return (0.01 if num_writing else 0.0) + num_read * (0.005 if num_read < 64 else 0.001)


def measured(box: Box, batch_tokens: int = 512) -> Chunks:
    """Chunks after one prompt was read alone, and one text written."""
    chunks = Chunks(batch_tokens)
    chunks.note_reading(batch_tokens, box(0, batch_tokens), is_beside_writers=False)
    for _ in range(5):
        chunks.note_writing(box(1, 0))
    return chunks


def step(chunks: Chunks, box: Box, num_read: int) -> float:
    """Read a chunk, and write; the seconds."""
    if num_read:
        chunks.note_reading(num_read, box(0, num_read), is_beside_writers=True)
    chunks.note_writing(box(1, 0))
    return box(0, num_read) + box(1, 0)


def read_beside_a_writer(chunks: Chunks, box: Box, num_tokens: int) -> tuple[float, list[int], float]:
    """The writer's share of its solo rate, what each step read, and the longest step in seconds."""
    left, seconds, longest = num_tokens, 0.0, 0.0
    steps: list[int] = []
    while left > 0:
        num_read = min(left, chunks.room(1))
        took = step(chunks, box, num_read)
        steps.append(num_read)
        left -= num_read
        seconds += took
        longest = max(longest, took)
        assert len(steps) < 10_000, "the prompt is never read"
    return len(steps) * box(1, 0) / seconds, steps, longest


def test_alone_a_prompt_takes_whole_steps() -> None:
    assert measured(fast_box).room(0) == 512


def test_alone_a_prompt_takes_no_steps_that_nobody_could_interrupt_for_long() -> None:
    assert measured(slow_box).room(0) == 256
    assert measured(lambda num_writing, num_read: 10 * slow_box(num_writing, num_read)).room(0) == WHOLE_CHUNK


def test_writer_keeps_its_share_while_a_long_prompt_is_read() -> None:
    share, steps, longest = read_beside_a_writer(measured(slow_box), slow_box, 4000)
    assert 0.38 <= share <= 0.5
    assert max(steps) <= 16
    assert longest < 0.25


def test_share_is_kept_where_every_pass_costs_much_by_steps_that_read_nothing() -> None:
    share, steps, _ = read_beside_a_writer(measured(box_with_costly_passes), box_with_costly_passes, 4000)
    assert 0.35 <= share <= 0.5
    assert 0 in steps


def test_chunk_is_large_enough_to_be_read_fast_where_that_goes_unnoticed() -> None:
    share, steps, longest = read_beside_a_writer(measured(fast_box), fast_box, 4000)
    assert 0.38 <= share <= 0.5
    assert median(each for each in steps if each) == 128
    assert longest < 0.2


def test_before_anything_is_measured_chunks_are_short() -> None:
    assert Chunks(512).room(1) == UNMEASURED_CHUNK
    assert Chunks(8).room(1) == 8


def test_slower_box_is_noticed_while_a_prompt_is_read() -> None:
    def slower(num_writing: int, num_read: int) -> float:
        return 3 * slow_box(0, num_read) + slow_box(num_writing, 0)

    share, steps, _ = read_beside_a_writer(measured(slow_box), slower, 4000)
    assert share >= 0.35
    assert all(num_read == 0 or num_read >= LEAST_CHUNK for num_read in steps[:-1])


def test_step_that_a_neighbour_has_held_up_does_not_stop_reading_for_long() -> None:
    chunks = measured(slow_box)
    chunks.note_reading(16, 30.0, is_beside_writers=True)
    rooms = []
    for _ in range(20):
        rooms.append(chunks.room(1))
        step(chunks, slow_box, rooms[-1])
    assert sum(rooms) >= 8 * 8


def test_pause_of_the_readers_saves_up_no_more_than_a_step() -> None:
    chunks = measured(slow_box)
    first = chunks.room(1)
    for _ in range(100):
        step(chunks, slow_box, 0)
    assert chunks.room(1) <= first
    step(chunks, slow_box, first)
    assert chunks.room(1) <= first
