"""What this machine has to give to models, as it is now."""

from collections.abc import Callable
from dataclasses import dataclass

from app import hardware
from app.engine.backends import Backends, BuiltIn

# The driver and other programs take some of a card without asking.
USABLE_OF_GPU = 0.95


def main_bytes() -> int:
    """Memory that the machine or the container has left."""
    return hardware.memory().available_bytes


def gpu_bytes() -> int:
    """Memory that all graphics cards have left. Asks the driver's own program, which takes a while."""
    return int(sum(gpu.free_bytes for gpu in hardware.gpus()) * USABLE_OF_GPU)


@dataclass(frozen=True, slots=True)
class Box:
    """Threads, bytes, and the ways to compute."""

    threads: Callable[[], int]
    backends: Backends = BuiltIn()  # noqa: RUF009  It holds nothing.
    main_bytes: Callable[[], int] = main_bytes
    gpu_bytes: Callable[[], int] = gpu_bytes
