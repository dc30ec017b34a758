"""What was measured, as a table for people and as JSON for programs, with the state of the machine beside it."""

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from importlib import metadata
from statistics import median

from rich.console import Console
from rich.table import Table

from app import hardware
from app.commands import output

TABLE_WIDTH = 116  # Also where the terminal is narrower, or there is none.


@dataclass(slots=True)
class Measure:
    """One figure, measured again each round by ours and by the peer."""

    name: str
    streams: int
    unit: str
    ours: list[float] = field(default_factory=list)
    peer: list[float] = field(default_factory=list)

    @property
    def ratio(self) -> float | None:
        """Ours to the peer's, of the medians."""
        return median(self.ours) / median(self.peer) if self.ours and self.peer and median(self.peer) else None


@dataclass(frozen=True, slots=True)
class Machine:
    """Where it was measured, and how busy it was."""

    processor: str
    cores: int
    threads: int
    load_before: tuple[float, float, float]
    load_after: tuple[float, float, float]
    neighbours: int
    python: str
    hearth: str
    llama_cpp_python: str


def machine(load_before: tuple[float, float, float], threads: int, neighbours: int) -> Machine:
    """This machine now."""
    return Machine(
        processor=hardware.processor().model,
        cores=os.cpu_count() or 1,
        threads=threads,
        load_before=load_before,
        load_after=os.getloadavg(),
        neighbours=neighbours,
        python=platform.python_version(),
        hearth=metadata.version("hearth"),
        llama_cpp_python=metadata.version("llama-cpp-python"),
    )


def show(model: str, measures: Sequence[Measure], where: Machine, as_json: bool) -> None:
    """Print everything."""
    if as_json:
        rows = [
            {**asdict(measure), "ours_median": _median(measure.ours), "peer_median": _median(measure.peer)}
            | {"ratio": measure.ratio}
            for measure in measures
        ]
        output.console.print_json(json.dumps({"model": model, "measures": rows, "machine": asdict(where)}))
        return
    table = Table(box=None, pad_edge=False, title=model, title_justify="left")
    for heading in ("", "STREAMS", "HEARTH", "PEER", "RATIO", "UNIT", "LEAST", "MOST"):
        table.add_column(heading, justify="left" if heading in ("", "UNIT") else "right", no_wrap=True)
    for measure in measures:
        table.add_row(
            measure.name,
            str(measure.streams),
            _shown(_median(measure.ours)),
            _shown(_median(measure.peer)),
            _shown(measure.ratio),
            measure.unit,
            _shown(min(measure.ours, default=None)),
            _shown(max(measure.ours, default=None)),
        )
    Console(highlight=False, width=max(TABLE_WIDTH, output.console.width)).print(table)
    output.console.print(
        f"{where.processor}, {where.cores} cores, {where.threads} threads, {where.neighbours} busy neighbours; load "
        f"{_load(where.load_before)} before, {_load(where.load_after)} after; Hearth {where.hearth}, "
        f"llama-cpp-python {where.llama_cpp_python}, Python {where.python}"
    )


def _median(values: Sequence[float]) -> float | None:
    return median(values) if values else None


def _shown(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.0f}" if value >= 1000 else f"{value:.1f}" if value >= 10 else f"{value:.3f}"


def _load(load: tuple[float, float, float]) -> str:
    return " ".join(f"{value:.2f}" for value in load)
