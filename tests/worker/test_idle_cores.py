"""What Linux counts of the cores, and what is made of it."""

import os
from dataclasses import dataclass
from pathlib import Path

from app.worker.idle_cores import IdleCores, usable_cores

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Clock:
    """Stands still until it is moved."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def write(stat: Path, idle_seconds: float) -> None:
    """As Linux writes it: our first core was idle so long, and a core that is not ours far longer."""
    own, foreign = min(usable_cores()), max(usable_cores()) + 1
    idle = int(idle_seconds * TICKS)
    stat.write_text(f"cpu  9 9 9 9 9 0 0\ncpu{own} 5 5 5 {idle} 0 1 1\ncpu{foreign} 5 5 5 {99 * idle} 0 1 1\nintr 5\n")


def test_idle_time_of_own_cores_counts_from_one_question_to_the_next(tmp_path: Path) -> None:
    stat, clock = tmp_path / "stat", Clock()
    write(stat, 10)
    idle_cores = IdleCores(stat, clock)
    clock.now = 2.0
    write(stat, 11)
    assert idle_cores() == 0.5
    clock.now = 4.0
    assert idle_cores() == 0.0


def test_where_nothing_is_known_one_core_is_taken_to_be_idle(tmp_path: Path) -> None:
    stat, clock = tmp_path / "stat", Clock()
    idle_cores = IdleCores(stat, clock)
    clock.now = 2.0
    assert idle_cores() == 1.0
    stat.write_text("cpu0 what is this\n")
    assert idle_cores() == 1.0
    stat.write_text("")
    assert idle_cores() == 1.0


def test_question_that_comes_too_soon_is_not_answered_by_chance(tmp_path: Path) -> None:
    stat, clock = tmp_path / "stat", Clock()
    write(stat, 10)
    idle_cores = IdleCores(stat, clock)
    clock.now = 0.1
    assert idle_cores() == 1.0
