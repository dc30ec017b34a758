"""Which GGUF a measurement takes: a file, or one with random weights that is made once and kept in a cache folder."""

import os
from pathlib import Path

from app import hardware
from app.commands import files
from app.errors import InvalidInput
from app.weights import tasks
from app.weights.quantizations import QUANTIZATIONS
from app.weights.shapes import SHAPES, VOCABULARIES


def cache_folder() -> Path:
    """Where made models lie, by the rules of the desktop: $XDG_CACHE_HOME, else ~/.cache."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hearth" / "bench"


def find_or_make(model: str, quantization: str, vocabulary: str, folder: Path) -> Path:
    """`model` is a path, or a shape such as 1B. Raises InvalidInput: bench_model_unknown."""
    if Path(model).is_file():
        return Path(model).absolute()
    shapes = {name.lower(): name for name in SHAPES}
    shape, size = shapes.get(model.lower()), VOCABULARIES.get(vocabulary.lower())
    if shape is None or size is None or quantization.upper() not in QUANTIZATIONS:
        raise InvalidInput(
            "bench_model_unknown", model=model, shapes=", ".join(SHAPES), vocabularies=", ".join(VOCABULARIES)
        )
    path = folder / f"random-{shape}-{vocabulary.lower()}-{quantization.upper()}.gguf"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        threads = hardware.cpu_budget().threads
        files.run_task(tasks.MakeRandom(str(path.absolute()), shape, size, quantization.upper(), threads))
    return path.absolute()
