"""How file work tells what it has done so far. Knows nothing of bars, rows or pipes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Stage = Literal["converting", "quantizing", "verifying"]


@dataclass(frozen=True, slots=True)
class Progress:
    """`done_bytes` of `total_bytes` are through `stage`; both count bytes of tensors, so they grow evenly."""

    done_bytes: int
    total_bytes: int
    stage: Stage


Report = Callable[[Progress], None]
