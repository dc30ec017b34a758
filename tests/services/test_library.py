"""Which files are models, what they are called, and which one is taken."""

from pathlib import Path

import pytest

from app.engine.events import ModelOptions
from app.errors import BadFile, NotFound
from app.services.library import Library, slug_of
from app.worker.messages import Draft, Lora, Rope
from tests.services.model_files import write_adapter, write_model, write_nonsense, write_truncated


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The models folder."""
    return tmp_path / "models"


@pytest.fixture
def library(folder: Path, tmp_path: Path) -> Library:
    """A library with a Guide and an empty folder."""
    guide = write_model(tmp_path / "guide" / "guide.gguf", name="Hearth Guide", context_length=1024)
    return Library(folder, guide, context_tokens=2048)


def names(library: Library) -> list[str]:
    return [model.name for model in library.models()]


def test_a_truncated_file_is_listed_with_its_problem_and_cannot_be_taken(library: Library, folder: Path) -> None:
    write_truncated(folder / "half.gguf")
    (broken,) = [model for model in library.models() if model.name == "half"]
    assert broken.problem == "gguf_truncated"
    with pytest.raises(BadFile) as caught:
        library.find("half")
    assert caught.value.code == "gguf_truncated"
    assert caught.value.params == broken.problem_params


def test_a_file_that_is_no_gguf_is_listed_last_and_is_never_the_default(library: Library, folder: Path) -> None:
    write_nonsense(folder / "a-web-page.gguf")
    assert names(library) == ["hearth-guide", "a-web-page"]
    assert library.default().name == "hearth-guide"


@pytest.mark.parametrize(
    ("architecture", "kind"), [("bert", "model"), ("llama", "adapter"), ("clip", "mmproj"), ("clip", "model")]
)
def test_a_gguf_that_cannot_chat_is_refused(library: Library, folder: Path, architecture: str, kind: str) -> None:
    write_model(folder / "other.gguf", architecture=architecture, kind=kind)
    with pytest.raises(BadFile) as caught:
        library.find("other")
    assert caught.value.code == "model_not_chat"


def test_an_embedding_model_can_be_taken_for_embeddings_only(library: Library, folder: Path) -> None:
    path = write_model(folder / "vectors.gguf", architecture="bert")
    write_model(folder / "eyes.gguf", architecture="clip")
    assert library.find_embedding("vectors").path == path
    assert library.find_embedding("hearth-guide").name == "hearth-guide"
    with pytest.raises(BadFile):
        library.find_embedding("eyes")


def test_a_lora_adapter_is_listed_apart_from_the_models(library: Library, folder: Path) -> None:
    write_adapter(folder / "Pirate Speech.gguf")
    assert names(library) == ["hearth-guide"]
    (adapter,) = library.adapters()
    assert (adapter.name, adapter.architecture) == ("pirate-speech", "llama")
    with pytest.raises(BadFile) as caught:
        library.find("pirate-speech")
    assert caught.value.code == "model_not_chat"


def test_a_file_is_found_with_the_options_of_its_contents(folder: Path, tmp_path: Path) -> None:
    asked: list[str] = []

    def options_of(fingerprint: str) -> ModelOptions:
        asked.append(fingerprint)
        return ModelOptions(rope=Rope("linear", 4.0), loras=(Lora("pirate", 0.5),), draft=Draft("model", "small"))

    library = Library(folder, tmp_path / "no guide.gguf", 2048, options_of)
    write_model(folder / "model.gguf", context_length=4096)
    adapter, small = write_adapter(folder / "pirate.gguf"), write_model(folder / "small.gguf")
    found = library.find("model")
    assert asked == [found.fingerprint]
    assert len(found.fingerprint) == 64
    assert found.context_tokens == 16384
    assert found.options.loras == (Lora(str(adapter), 0.5),)
    assert found.options.draft == Draft("model", str(small))
    adapter.unlink()
    with pytest.raises(NotFound) as caught:
        library.find("model")
    assert (caught.value.code, caught.value.params) == ("adapter_unknown", {"name": "pirate"})


def test_a_fingerprint_names_the_contents_wherever_the_file_lies(library: Library, folder: Path) -> None:
    path = write_model(folder / "model.gguf")
    first = library.find("model").fingerprint
    path.rename(folder / "moved.gguf")
    assert library.find("moved").fingerprint == first
    write_model(folder / "moved.gguf", name="Other")
    assert library.find("moved").fingerprint != first


def test_an_unknown_model_is_not_found(library: Library) -> None:
    with pytest.raises(NotFound) as caught:
        library.find("../../etc/passwd")
    assert (caught.value.code, caught.value.params) == ("model_unknown", {"name": "../../etc/passwd"})


def test_without_any_model_there_is_no_default(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFound) as caught:
        Library(folder, tmp_path / "no guide.gguf", 2048).default()
    assert caught.value.code == "no_models"


def test_files_that_are_no_whole_models_are_not_listed(library: Library, folder: Path) -> None:
    for name in (
        "coming.gguf.part",
        ".hidden.gguf",
        "mmproj-model-f16.gguf",
        "Llava-MMPROJ.gguf",
        "big-00002-of-00003.gguf",
        "big-00003-of-00003.gguf",
        ".cache/cached.gguf",
        "notes.txt",
    ):
        write_model(folder / name)
    assert names(library) == ["hearth-guide"]


def test_the_first_part_of_a_split_model_stands_for_all(library: Library, folder: Path) -> None:
    write_model(folder / "Big-Q4_K_M-00001-of-00002.gguf")
    write_model(folder / "Big-Q4_K_M-00002-of-00002.gguf")
    assert names(library) == ["big-q4_k_m", "hearth-guide"]


def test_a_model_is_described_by_its_header(library: Library, folder: Path) -> None:
    path = write_model(folder / "Llama-3.2-1B-Instruct-F32.gguf", name="Llama 3.2", context_length=131_072)
    model = library.models()[0]
    assert (model.name, model.title, model.path) == ("llama-3.2-1b-instruct-f32", "Llama 3.2", path)
    assert (model.architecture, model.quantization, model.context_length) == ("llama", "F32", 131_072)
    assert (model.num_parameters, model.file_bytes) == (32, path.stat().st_size)
    assert (model.is_guide, model.problem) == (False, None)


def test_the_context_is_what_the_model_was_made_for_and_the_setting_where_it_does_not_say(
    library: Library, folder: Path
) -> None:
    write_model(folder / "long.gguf", context_length=131_072)
    write_model(folder / "silent.gguf", context_length=0)
    assert library.find("long").context_tokens == 131_072
    assert library.find("hearth-guide").context_tokens == 1024
    assert library.find("silent").context_tokens == 2048


def test_the_guide_comes_after_the_models_of_the_household(library: Library, folder: Path) -> None:
    assert library.default().name == "hearth-guide"
    write_model(folder / "zebra.gguf")
    write_model(folder / "meta" / "antelope.gguf")
    assert names(library) == ["meta-antelope", "zebra", "hearth-guide"]
    assert library.default().name == "meta-antelope"
    assert library.is_guide(library.find("hearth-guide"))
    assert not library.is_guide(library.default())


def test_files_with_the_same_slug_get_different_names(library: Library, folder: Path) -> None:
    write_model(folder / "a b.gguf")
    write_model(folder / "A-b.gguf")
    write_model(folder / "hearth guide.gguf")
    assert sorted(names(library)) == ["a-b", "a-b-2", "hearth-guide", "hearth-guide-2"]


def test_a_file_that_was_replaced_is_read_again(library: Library, folder: Path) -> None:
    write_model(folder / "model.gguf", name="Old")
    assert library.models()[0].title == "Old"
    write_model(folder / "model.gguf", name="Newer one")
    assert library.models()[0].title == "Newer one"
    (folder / "model.gguf").unlink()
    assert names(library) == ["hearth-guide"]


def test_links_may_lead_outside_and_round_in_circles(library: Library, folder: Path, tmp_path: Path) -> None:
    write_model(tmp_path / "elsewhere" / "linked.gguf")
    folder.mkdir()
    (folder / "away").symlink_to(tmp_path / "elsewhere")
    (folder / "circle").symlink_to(folder)
    (folder / "nothing.gguf").symlink_to(tmp_path / "gone.gguf")
    assert names(library) == ["away-linked", "hearth-guide"]


@pytest.mark.parametrize(
    ("path", "slug"),
    [
        ("Llama-3.2-3B-Instruct-Q4_K_M.gguf", "llama-3.2-3b-instruct-q4_k_m"),
        ("meta llama/Llama 3.gguf", "meta-llama-llama-3"),
        ("模型/通义.gguf", "模型-通义"),
        ("(1).gguf", "1"),
        ("---.gguf", "model"),
    ],
)
def test_slugs(path: str, slug: str) -> None:
    assert slug_of(Path(path)) == slug
