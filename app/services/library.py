"""The models on disk: scanned, described, found by name. A model's name is the slug of its path below the folder.

Knows GGUF headers, not weights. Nothing is registered anywhere: the folder is the list.
"""

import os
import re
import threading
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from app.engine.events import ModelFile
from app.errors import BadFile, NotFound, Param
from app.weights import gguf_file

LATER_SHARD = re.compile(r"-(?!00001)\d{5}-of-\d{5}$")
FIRST_SHARD = re.compile(r"-00001-of-\d{5}$")
# GGUF files that turn texts or pictures into vectors; llama.cpp cannot chat with them.
NO_CHAT_ARCHITECTURES = frozenset(
    {"", "bert", "clip", "gemma-embedding", "jina-bert-v2", "jina-bert-v3", "modern-bert", "neo-bert", "nomic-bert"}
    | {"nomic-bert-moe", "wavtokenizer-dec", "t5encoder"}
)
GUIDE_NAME = "hearth-guide"


@dataclass(frozen=True, slots=True)
class LibraryModel:
    """One model file as people see it. `problem`, a key of `app.words`, says why a file cannot be used."""

    name: str
    title: str
    path: Path
    file_bytes: int
    quantization: str
    architecture: str
    context_length: int
    num_parameters: int
    is_guide: bool
    problem: str | None
    problem_params: Mapping[str, Param]


@dataclass(frozen=True, slots=True)
class _Seen:
    """A file as it was when its header was read: the same size and time mean the same file."""

    path: Path
    file_bytes: int
    changed_ns: int


class Library:
    """The models below one folder, and the built-in Guide. May be used by several threads."""

    def __init__(self, models_dir: Path, guide_path: Path, context_tokens: int) -> None:
        self._models_dir = models_dir
        self._guide_path = guide_path
        self._context_tokens = context_tokens
        self._lock = threading.Lock()
        self._described: dict[_Seen, LibraryModel] = {}

    def models(self) -> list[LibraryModel]:
        """What is there now: usable files by name, then the Guide, then files with a problem."""
        with self._lock:
            described = {seen: self._described.get(seen) or _describe(seen) for seen in self._scan()}
            self._described = described
        found = sorted(described.values(), key=lambda model: model.path)
        guide = [model for model in found if model.path == self._guide_path]
        others = self._named([model for model in found if model.path != self._guide_path])
        usable = [model for model in others if model.problem is None]
        broken = [model for model in others if model.problem is not None]
        return usable + [replace(model, name=GUIDE_NAME, is_guide=True) for model in guide] + broken

    def find(self, name: str) -> ModelFile:
        """The file to load. Raises NotFound("model_unknown", name=), or BadFile for one with a problem."""
        model = next((model for model in self.models() if model.name == name), None)
        if model is None:
            raise NotFound("model_unknown", name=name)
        if model.problem is not None:
            raise BadFile(model.problem, **model.problem_params)
        return self._file_of(model)

    def default(self) -> ModelFile:
        """The first usable model; the Guide where there is no other."""
        usable = [model for model in self.models() if model.problem is None]
        if not usable:
            raise NotFound("no_models", folder=str(self._models_dir))
        return self._file_of(usable[0])

    def is_guide(self, model: ModelFile) -> bool:
        """Whether this is the built-in Guide."""
        return model.path == self._guide_path

    def _file_of(self, model: LibraryModel) -> ModelFile:
        # A header without a context length is rare; then the setting alone decides.
        known = model.context_length or self._context_tokens
        return ModelFile(model.name, model.path, min(known, self._context_tokens))

    def _scan(self) -> Iterator[_Seen]:
        for path in [*_gguf_files(self._models_dir), self._guide_path]:
            try:
                status = path.stat()
            except OSError:
                # Deleted while we looked, or a link to nothing: not a model.
                continue
            yield _Seen(path, status.st_size, status.st_mtime_ns)

    def _named(self, models: list[LibraryModel]) -> list[LibraryModel]:
        """With names from the paths; of files whose slugs are alike, the later ones get a number."""
        taken = {GUIDE_NAME}
        named = []
        for model in models:
            slug = slug_of(model.path.relative_to(self._models_dir))
            name, number = slug, 2
            while name in taken:
                name, number = f"{slug}-{number}", number + 1
            taken.add(name)
            named.append(replace(model, name=name))
        return named


def slug_of(path: Path) -> str:
    """`meta/Llama-3.2-3B-Instruct-Q4_K_M.gguf` is `meta/llama-3.2-3b-instruct-q4_k_m`, a slash becoming a dash."""
    stem = FIRST_SHARD.sub("", str(path.with_suffix("")))
    plain = unicodedata.normalize("NFKC", stem).casefold()
    return re.sub(r"[^\w.]+", "-", plain).strip("-.") or "model"


def _gguf_files(folder: Path) -> Iterator[Path]:
    """All model files below a folder: no hidden ones, no projectors, no later shards. Links may lead outside."""
    visited: set[str] = set()
    for root, folders, files in os.walk(folder, followlinks=True):
        real = os.path.realpath(root)
        if real in visited:
            # A link that leads back up would be walked for ever.
            folders.clear()
            continue
        visited.add(real)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(root, name) for name in sorted(files) if _is_model_file(name))


def _is_model_file(name: str) -> bool:
    path = Path(name)
    return (
        path.suffix.lower() == ".gguf"
        and not name.startswith(".")
        and "mmproj" not in name.lower()
        and LATER_SHARD.search(path.stem) is None
    )


def _describe(seen: _Seen) -> LibraryModel:
    unnamed = LibraryModel("", seen.path.stem, seen.path, seen.file_bytes, "", "", 0, 0, False, None, {})
    try:
        header = gguf_file.read_header(seen.path)
    except BadFile as error:
        return replace(unnamed, problem=error.code, problem_params=error.params)
    can_chat = (
        header.architecture not in NO_CHAT_ARCHITECTURES
        and header.metadata.get("general.type", "model") == "model"
        and header.num_parameters > 0
    )
    return replace(
        unnamed,
        problem=None if can_chat else "model_not_chat",
        problem_params={} if can_chat else {"file": seen.path.name},
        title=header.name or seen.path.stem,
        quantization=header.quantization,
        architecture=header.architecture,
        context_length=header.context_length,
        num_parameters=header.num_parameters,
    )
