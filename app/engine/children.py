"""The child processes of the engine: what they run, and how patient it is with them."""

from dataclasses import dataclass

from app.engine.renderer import RENDERER_TARGET
from app.engine.supervisor import BACKOFF, PATIENCE, Backoff
from app.engine.watch import Patience
from app.engine.worker_process import WORKER_TARGET


@dataclass(frozen=True, slots=True)
class Children:
    """As they are, but for tests."""

    worker_target: str = WORKER_TARGET
    renderer_target: str = RENDERER_TARGET
    patience: Patience = PATIENCE
    backoff: Backoff = BACKOFF


CHILDREN = Children()
