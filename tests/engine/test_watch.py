"""Who hangs and who works: by a clock and a pulse of our own, and the pulse of real processes."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from app.engine import oom_kills, process_memory, pulse
from app.engine.pulse import Pulse
from app.engine.watch import Patience, Watch

PATIENCE = Patience(ping_seconds=5, loading_seconds=900, silence_seconds=300, quiet_seconds=20)


class Patient:
    """A worker that is looked at every five seconds."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pulse: Pulse | None = Pulse(100, frozenset("S"))
        self.watch = Watch(1, PATIENCE, lambda _pid: self.pulse, lambda: self.now)

    def last(self, seconds: float, is_ready: bool = True) -> float | None:
        """When it is given up within so many seconds."""
        end = self.now + seconds
        while self.now < end:
            self.now += 5
            if self.watch.look(is_ready) is not None:
                return self.now
        return None

    def work(self, seconds: float, is_ready: bool = True) -> float | None:
        """The same while it computes."""
        end = self.now + seconds
        while self.now < end:
            assert self.pulse is not None
            self.pulse = Pulse(self.pulse.cpu_ticks + 1, frozenset("R"))
            found = self.last(5, is_ready)
            if found is not None:
                return found
        return None


def test_worker_that_does_nothing_is_given_up_soon() -> None:
    assert Patient().last(300) == 30


def test_answers_keep_a_worker_that_does_nothing() -> None:
    patient = Patient()
    for _ in range(100):
        assert patient.last(10) is None
        patient.watch.hear()


def test_long_step_is_waited_for_while_it_computes_but_not_for_ever() -> None:
    assert Patient().work(290) is None
    assert Patient().work(400) == 305


def test_wait_for_a_slow_disk_is_no_hang() -> None:
    patient = Patient()
    patient.pulse = Pulse(100, frozenset("SD"))
    assert patient.last(295) is None


def test_loading_may_sleep_but_not_be_stopped() -> None:
    patient = Patient()
    assert patient.last(600, is_ready=False) is None
    patient.pulse = Pulse(100, frozenset("T"))
    assert patient.last(600, is_ready=False) == 605
    assert Patient().last(2000, is_ready=False) == 905


def test_silence_alone_counts_where_the_system_tells_nothing() -> None:
    patient = Patient()
    patient.pulse = None
    assert patient.last(1000) == 305


@pytest.mark.skipif(not pulse.PROC.exists(), reason="this system has no /proc")
def test_pulse_of_a_real_process_shows_when_it_is_stopped() -> None:
    ours = pulse.feel(os.getpid())
    assert ours is not None and not ours.is_stopped and ours.cpu_ticks > 0
    with subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"]) as child:
        os.kill(child.pid, signal.SIGSTOP)
        os.waitpid(child.pid, os.WUNTRACED)
        stopped = pulse.feel(child.pid)
        assert stopped is not None and stopped.is_stopped
        child.kill()
    assert pulse.feel(child.pid) is None


def test_name_of_a_process_may_look_like_its_numbers(tmp_path: Path) -> None:
    folder = tmp_path / "7/task/7"
    folder.mkdir(parents=True)
    line = "7 (a) R 1 (b) D 1 1 1 0 -1 4194560 1 0 0 0 30 12 0 0 20 0 1 0 9"
    (tmp_path / "7/stat").write_text(line)
    (folder / "stat").write_text(line)
    assert pulse.feel(7, tmp_path) == Pulse(42, frozenset("D"))


def test_memory_of_a_process_is_its_own_and_that_of_files(tmp_path: Path) -> None:
    (tmp_path / "7").mkdir()
    (tmp_path / "7/status").write_text("Name:\tx\nRssAnon:\t  100 kB\nRssFile:\t 20 kB\nRssShmem:\t 3 kB\n")
    found = process_memory.of(7, tmp_path)
    assert (found.own_bytes, found.file_bytes, found.total_bytes) == (103 * 1024, 20 * 1024, 123 * 1024)
    assert process_memory.of(None, tmp_path).total_bytes == 0


def test_kills_for_memory_are_counted_in_this_container_or_else_on_the_machine(tmp_path: Path) -> None:
    assert oom_kills.count(tmp_path) is None
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/vmstat").write_text("pgfault 5\noom_kill 7\n")
    assert oom_kills.count(tmp_path) == 7
    (tmp_path / "proc/self/cgroup").write_text("0::/box\n")
    (tmp_path / "proc/self/mountinfo").write_text("1 0 0:1 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n")
    (tmp_path / "sys/fs/cgroup/box").mkdir(parents=True)
    (tmp_path / "sys/fs/cgroup/box/memory.events").write_text("oom 3\noom_kill 2\n")
    assert oom_kills.count(tmp_path) == 2
