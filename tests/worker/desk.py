"""A scheduler over a fake llama, with all that it said, sorted by request."""

from dataclasses import dataclass, field

from app.worker.messages import Delta, Failed, Finished, FromWorker, Generate, Reading, Sampling
from app.worker.scheduler import Parts, Scheduler
from tests.worker.fake_llama import FakeLlama


@dataclass
class Desk:
    """`step` and look."""

    llama: FakeLlama
    said: list[FromWorker] = field(default_factory=list)
    now: float = 0.0
    parts: Parts = field(default_factory=Parts)

    def __post_init__(self) -> None:
        self.scheduler = Scheduler(self.llama, self.said.append, lambda: self.now, self.parts)

    def ask(
        self, request: str, tokens: list[int], max_tokens: int = 4, stop: list[str] | None = None, penalty: float = 1.0
    ) -> None:
        """Submit a greedy request."""
        sampling = Sampling(temperature=0, repeat_penalty=penalty, repeat_last_tokens=3)
        self.scheduler.submit(Generate(request, tokens, max_tokens, sampling, stop or []))

    def step(self, times: int = 1) -> None:
        """So many steps, a second each."""
        for _ in range(times):
            self.now += 1
            self.scheduler.step()

    def run(self) -> None:
        """Until nothing is left to do."""
        for _ in range(10_000):
            if not self.scheduler.has_work:
                return
            self.step()
        raise AssertionError("the scheduler never ends")

    def text(self, request: str) -> str:
        """All text of a request."""
        return "".join(each.text for each in self.said if isinstance(each, Delta) and each.request == request)

    def readings(self, request: str) -> list[int]:
        """How far it was read each time."""
        return [each.done for each in self.said if isinstance(each, Reading) and each.request == request]

    def finished(self, request: str) -> Finished | None:
        """Its closing message; there is never more than one."""
        found = [each for each in self.said if isinstance(each, Finished) and each.request == request]
        assert len(found) <= 1
        return found[0] if found else None

    def failed(self, request: str) -> list[Failed]:
        """Its failures."""
        return [each for each in self.said if isinstance(each, Failed) and each.request == request]

    def reason(self, request: str) -> str:
        """Why it ended."""
        finished = self.finished(request)
        assert finished is not None
        return finished.reason
