"""The models on disk: scanned, described, found by name. A model's name is the slug of its path below the folder.

Knows GGUF headers, not weights. Nothing is registered anywhere: the folder is the list.
"""

import os
import re
import threading
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import msgspec

from app.engine.events import ModelFile, ModelOptions
from app.errors import BadFile, NotFound, Param
from app.weights import fingerprint, gguf_file
from app.weights.gguf_header import GgufHeader
from app.worker import rope
from app.worker.messages import Lora
from app.worker.rope import RopeFacts

LATER_SHARD = re.compile(r"-(?!00001)\d{5}-of-\d{5}$")
FIRST_SHARD = re.compile(r"-00001-of-\d{5}$")
# GGUF files that turn texts into vectors, and those that are of no use by themselves.
EMBEDDING_ARCHITECTURES = frozenset(
    {"bert", "gemma-embedding", "jina-bert-v2", "jina-bert-v3", "modern-bert", "neo-bert", "nomic-bert"}
    | {"nomic-bert-moe"}
)
OTHER_ARCHITECTURES = frozenset({"", "clip", "wavtokenizer-dec", "t5encoder"})
GUIDE_NAME = "hearth-guide"
UNKNOWN_POSITIONS = RopeFacts(0)

Kind = Literal["chat", "embedding", "adapter", "other"]
# How the model with this fingerprint is to run; LoRA adapters and drafting models are given by their names.
OptionsOf = Callable[[str], ModelOptions]


@dataclass(frozen=True, slots=True)
class LibraryModel:
    """One model file as people see it. `problem`, a key of `app.words`, says why a file cannot be used for chats.

    `header_bytes` is where the weights begin; `positions` what the file says about them.
    """

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
    kind: Kind = "other"
    header_bytes: int = 0
    positions: RopeFacts = UNKNOWN_POSITIONS
    changed_ns: int = 0


@dataclass(frozen=True, slots=True)
class _Seen:
    """A file as it was when its header was read: the same size and time mean the same file."""

    path: Path
    file_bytes: int
    changed_ns: int


def no_options(_fingerprint: str) -> ModelOptions:
    """Everything is left to Hearth."""
    return ModelOptions()


class Library:
    """The models below one folder, and the built-in Guide. May be used by several threads.

    `context_tokens` is for files that do not say what they were made for.
    """

    def __init__(
        self, models_dir: Path, guide_path: Path, context_tokens: int, options_of: OptionsOf = no_options
    ) -> None:
        self._models_dir = models_dir
        self._guide_path = guide_path
        self._context_tokens = context_tokens
        self._options_of = options_of
        self._lock = threading.Lock()
        self._described: dict[_Seen, LibraryModel] = {}
        self._fingerprints: dict[_Seen, str] = {}

    def models(self) -> list[LibraryModel]:
        """What is there now: usable files by name, then the Guide, then files with a problem. No adapters."""
        return [model for model in self._all() if model.kind != "adapter"]

    def adapters(self) -> list[LibraryModel]:
        """The LoRA adapters that are there now, by name."""
        return [model for model in self._all() if model.kind == "adapter"]

    def find(self, name: str) -> ModelFile:
        """The file to load for a chat. Raises NotFound("model_unknown", name=), or BadFile for one with a problem."""
        model = self.described(name)
        if model.problem is not None:
            raise BadFile(model.problem, **model.problem_params)
        return self._file_of(model)

    def find_embedding(self, name: str) -> ModelFile:
        """The file to load for turning texts into vectors. Raises as `find` does."""
        model = self.described(name)
        if model.problem is not None and model.kind != "embedding":
            raise BadFile(model.problem, **model.problem_params)
        return self._file_of(model)

    def described(self, name: str) -> LibraryModel:
        """What is known of a file, usable or not. Raises NotFound("model_unknown", name=)."""
        model = next((model for model in self._all() if model.name == name), None)
        if model is None:
            raise NotFound("model_unknown", name=name)
        return model

    def default(self) -> ModelFile:
        """The first usable model; the Guide where there is no other."""
        usable = [model for model in self.models() if model.problem is None]
        if not usable:
            raise NotFound("no_models", folder=str(self._models_dir))
        return self._file_of(usable[0])

    def is_guide(self, model: ModelFile) -> bool:
        """Whether this is the built-in Guide."""
        return model.path == self._guide_path

    def fingerprint(self, model: LibraryModel) -> str:
        """Names the contents of the file and its shards; empty when they cannot be read."""
        seen = _Seen(model.path, model.file_bytes, model.changed_ns)
        known = self._fingerprints.get(seen)
        if known is None:
            try:
                known = fingerprint.fingerprint(_shards(model.path), model.header_bytes)
            except OSError:
                return ""
            self._fingerprints[seen] = known
        return known

    def _all(self) -> list[LibraryModel]:
        with self._lock:
            described = {seen: self._described.get(seen) or _describe(seen) for seen in self._scan()}
            self._described = described
            self._fingerprints = {seen: each for seen, each in self._fingerprints.items() if seen in described}
        found = sorted(described.values(), key=lambda model: model.path)
        guide = [model for model in found if model.path == self._guide_path]
        others = self._named([model for model in found if model.path != self._guide_path])
        usable = [model for model in others if model.problem is None]
        broken = [model for model in others if model.problem is not None]
        return usable + [replace(model, name=GUIDE_NAME, is_guide=True) for model in guide] + broken

    def _file_of(self, model: LibraryModel) -> ModelFile:
        contents = self.fingerprint(model)
        options = self._with_paths(self._options_of(contents)) if contents else ModelOptions()
        # A header without a context length is rare; then the setting alone decides.
        reach = rope.context_numbers(options.rope, model.positions).context_tokens or self._context_tokens
        return ModelFile(model.name, model.path, reach, contents, options)

    def _with_paths(self, options: ModelOptions) -> ModelOptions:
        """The options with paths instead of names. Raises NotFound for a name that nothing bears any more."""
        draft = options.draft
        if draft is not None and draft.kind == "model":
            draft = msgspec.structs.replace(draft, path=str(self.described(draft.path).path))
        return replace(options, loras=tuple(map(self._lora_with_path, options.loras)), draft=draft)

    def _lora_with_path(self, lora: Lora) -> Lora:
        for adapter in self.adapters():
            if adapter.name == lora.path:
                return msgspec.structs.replace(lora, path=str(adapter.path))
        raise NotFound("adapter_unknown", name=lora.path)

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


def _shards(first: Path) -> list[Path]:
    """All files of a model, of which this is the only one or the first."""
    found = FIRST_SHARD.search(first.stem)
    if found is None:
        return [first]
    count = int(found.group()[-5:])
    stem = first.stem[: found.start()]
    return [first.with_name(f"{stem}-{number:05}-of-{count:05}{first.suffix}") for number in range(1, count + 1)]


def _describe(seen: _Seen) -> LibraryModel:
    unnamed = LibraryModel("", seen.path.stem, seen.path, seen.file_bytes, "", "", 0, 0, False, None, {})
    unnamed = replace(unnamed, changed_ns=seen.changed_ns)
    try:
        header = gguf_file.read_header(seen.path)
    except BadFile as error:
        return replace(unnamed, problem=error.code, problem_params=error.params)
    kind = _kind(header)
    return replace(
        unnamed,
        problem=None if kind == "chat" else "model_not_chat",
        problem_params={} if kind == "chat" else {"file": seen.path.name},
        title=header.name or seen.path.stem,
        quantization=header.quantization,
        architecture=header.architecture,
        context_length=header.context_length,
        num_parameters=header.num_parameters,
        kind=kind,
        header_bytes=header.tensors[0].offset if header.tensors else seen.file_bytes,
        positions=rope.facts(header.metadata),
    )


def _kind(header: GgufHeader) -> Kind:
    if header.metadata.get("general.type", "model") == "adapter":
        return "adapter" if header.metadata.get("adapter.type") == "lora" else "other"
    is_model = header.metadata.get("general.type", "model") == "model" and header.num_parameters > 0
    if not is_model or header.architecture in OTHER_ARCHITECTURES:
        return "other"
    return "embedding" if header.architecture in EMBEDDING_ARCHITECTURES else "chat"
