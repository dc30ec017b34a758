"""`hearth bench chat`: how fast a real server reads, writes and begins, alone or in turn with a peer."""

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.commands import bench_client, bench_models, bench_neighbours, bench_report, bench_returning, output, parts
from app.commands.bench_client import Answer, Peer, Question
from app.commands.bench_report import Measure
from app.commands.bench_server import BenchServer, end_in_order, peak_bytes
from app.commands.bench_text import text_of
from app.errors import InvalidInput, Unavailable
from app.fetch import client

WRITING_WORDS = 24
MOST_STREAMS = 64
LOG_CHARACTERS = 2000
FIRST_TOKENS = 16
CALIBRATION_SHARE = 8
MEBIBYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class Plan:
    """What to measure. `peer_url` empty: ours alone. `interrupting_tokens` 0: no such measure."""

    model: str
    quantization: str
    vocabulary: str
    cache: Path | None
    streams: tuple[int, ...]
    rounds: int
    num_tokens: int
    prompt_tokens: int
    context: int
    threads: int
    peer_url: str
    peer_pid: int
    neighbours: int
    returns: int
    returning_tokens: int
    interrupting_tokens: int


def streams_of(text: str) -> tuple[int, ...]:
    """`1,4,8` as numbers. Raises InvalidInput: bench_streams_invalid."""
    try:
        streams = tuple(sorted({int(word) for word in text.split(",")}))
    except ValueError:
        streams = ()
    if not streams or not 1 <= streams[0] <= streams[-1] <= MOST_STREAMS:
        raise InvalidInput("bench_streams_invalid", streams=text, most=MOST_STREAMS)
    return streams


def chat(plan: Plan, as_json: bool) -> None:
    """Measure and print."""
    folder = plan.cache or bench_models.cache_folder()
    model = bench_models.find_or_make(plan.model, plan.quantization, plan.vocabulary, folder)
    load = os.getloadavg()
    end_in_order()
    threads = plan.threads or parts.threads(parts.settings())
    with tempfile.TemporaryDirectory(prefix="hearth-bench-") as temporary, ExitStack() as stack:
        server = stack.enter_context(_served(Path(temporary), model, plan))
        ours = bench_client.peer_of(stack.enter_context(server.visitor()))
        peer = bench_client.peer_of(stack.enter_context(client(plan.peer_url, ""))) if plan.peer_url else None
        measures = _measured(plan, ours, peer)
        measures.append(_memory(plan, server))
        if plan.returns:
            measures += bench_returning.measured(
                server, ours.model, plan.returns, _words(plan, ours, plan.returning_tokens)
            )
    bench_report.show(model.name, measures, bench_report.machine(load, threads, plan.neighbours), as_json)


@contextmanager
def _served(folder: Path, model: Path, plan: Plan) -> Iterator[BenchServer]:
    models = folder / "models"
    models.mkdir()
    try:
        (models / model.name).hardlink_to(model)
    except OSError:
        shutil.copyfile(model, models / model.name)
    settings = {
        "HEARTH_SLOTS": str(max(plan.streams)),
        "HEARTH_CONTEXT_TOKENS": str(plan.context),
        "HEARTH_THREADS": str(plan.threads),
        "HEARTH_IDLE_MINUTES": "0",
        "HEARTH_PROBE": "false",
    }
    server = BenchServer(folder, settings)
    try:
        server.start()
        yield server
    except Unavailable:
        output.error_console.print(server.log()[-LOG_CHARACTERS:], markup=False, style="dim")
        raise
    finally:
        server.stop()


def _measured(plan: Plan, ours: Peer, peer: Peer | None) -> list[Measure]:
    """All rounds; who comes first changes from round to round."""
    bench = _Bench(plan, _words(plan, ours, plan.prompt_tokens), _words(plan, ours, plan.interrupting_tokens))
    if peer is not None:
        bench_client.ask(peer, _question(WRITING_WORDS, FIRST_TOKENS, 0))
    with bench_neighbours.busy(plan.neighbours):
        for number in range(plan.rounds):
            sides = [(ours, True)] + ([(peer, False)] if peer is not None else [])
            bench.measure_round(number, sides if number % 2 == 0 else sides[::-1])
            output.error_console.print(f"round {number + 1} of {plan.rounds}", style="dim")
    return bench.measures


class _Bench:
    """The measures of all rounds."""

    def __init__(self, plan: Plan, prompt_words: int, interrupting_words: int) -> None:
        self._plan = plan
        self._prompt_words = prompt_words
        self._interrupting_words = interrupting_words
        self._found: dict[tuple[str, int], Measure] = {}

    @property
    def measures(self) -> list[Measure]:
        """By what they are, then by streams."""
        return sorted(self._found.values(), key=lambda measure: (measure.name, measure.streams))

    def measure_round(self, number: int, sides: Sequence[tuple[Peer, bool]]) -> None:
        """Each thing once, by all sides in turn on the same prompts."""
        seed = 1000 * (number + 1)
        for streams in self._plan.streams:
            for peer, is_ours in sides:
                self._write(peer, is_ours, streams, seed)
            for peer, is_ours in sides:
                self._read(peer, is_ours, streams, seed + 100)
        for peer, is_ours in sides:
            self._begin(peer, is_ours, seed + 200)
        if self._plan.interrupting_tokens:
            for peer, is_ours in sides:
                self._interrupt(peer, is_ours, seed + 300)

    def _write(self, peer: Peer, is_ours: bool, streams: int, seed: int) -> None:
        questions = [_question(WRITING_WORDS, self._plan.num_tokens, seed + i) for i in range(streams)]
        answers = bench_client.ask_together(peer, questions)
        self._note("writing", streams, "tokens/s", is_ours, bench_client.writing_speed(answers))

    def _read(self, peer: Peer, is_ours: bool, streams: int, seed: int) -> None:
        answers = bench_client.ask_together(peer, [_question(self._prompt_words, 1, seed + i) for i in range(streams)])
        self._note("reading", streams, "tokens/s", is_ours, bench_client.reading_speed(answers))

    def _begin(self, peer: Peer, is_ours: bool, seed: int) -> None:
        """A new long prompt, then a short question in the same chat."""
        opening = _question(self._prompt_words, FIRST_TOKENS, seed)
        answer = bench_client.ask(peer, opening)
        self._note("first token, new chat", 1, "s", is_ours, answer.first_seconds)
        more = [{"role": "assistant", "content": answer.text}, {"role": "user", "content": text_of(10, seed + 1)}]
        answer = bench_client.ask(peer, Question([*opening.messages, *more], FIRST_TOKENS, seed))
        self._note("first token, chat goes on", 1, "s", is_ours, answer.first_seconds)

    def _interrupt(self, peer: Peer, is_ours: bool, seed: int) -> None:
        """How an answer fares while somebody else's long prompt is read."""
        alone = bench_client.ask(peer, _question(WRITING_WORDS, self._plan.num_tokens, seed))
        reader = _question(self._interrupting_words, 1, seed + 2)
        writer = _question(WRITING_WORDS, 8 * self._plan.num_tokens, seed + 1)
        answer, other = bench_client.ask_while(peer, writer, reader)
        until = min(other.times[0], answer.times[-1])
        kept = _speed_between(answer, other.asked, until) / bench_client.writing_speed([alone])
        self._note("speed kept while another reads", 2, "of solo", is_ours, kept)
        self._note("longest gap while another reads", 2, "s", is_ours, _longest_gap(answer, other.asked, until))

    def _note(self, name: str, streams: int, unit: str, is_ours: bool, value: float) -> None:
        measure = self._found.setdefault((name, streams), Measure(name, streams, unit))
        (measure.ours if is_ours else measure.peer).append(value)


def _speed_between(answer: Answer, start: float, end: float) -> float:
    """Tokens a second of a part of an answer, by its share of the pieces."""
    pieces = sum(start < when <= end for when in answer.times)
    return pieces / len(answer.times) * answer.completion_tokens / (end - start)


def _longest_gap(answer: Answer, start: float, end: float) -> float:
    inside = [when for when in answer.times if start < when <= end]
    points = [start, *inside, end]
    return max(later - earlier for earlier, later in itertools.pairwise(points))


def _memory(plan: Plan, server: BenchServer) -> Measure:
    peer = [peak_bytes(plan.peer_pid) / MEBIBYTE] if plan.peer_pid else []
    return Measure("peak memory", max(plan.streams), "MiB", [server.worker_peak_bytes() / MEBIBYTE], peer)


def _question(num_words: int, num_tokens: int, seed: int) -> Question:
    return Question([{"role": "user", "content": text_of(num_words, seed)}], num_tokens, seed)


def _words(plan: Plan, peer: Peer, num_tokens: int) -> int:
    """How many words make so many tokens, as the model counts."""
    if not num_tokens:
        return 0
    num_words = plan.context // CALIBRATION_SHARE
    counted = bench_client.ask(peer, _question(num_words, 1, 7)).prompt_tokens
    return max(1, num_tokens * num_words // counted)
