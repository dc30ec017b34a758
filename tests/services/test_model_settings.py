"""How models are to run: chosen, checked, kept by contents, and found again with the file."""

import math
from pathlib import Path
from typing import Any

import pytest

from app.engine.events import ModelOptions
from app.errors import BadFile, HearthError, InvalidInput, NotFound
from app.services.library import Library
from app.services.model_settings import KNOWN, ModelSettings, chosen, options_reader
from app.store import model_settings
from app.store.database import Database
from app.worker.messages import Draft, Lora, Rope
from tests.services.model_files import write_adapter, write_model, write_truncated


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A models folder with two models, two adapters and a broken file."""
    folder = tmp_path / "models"
    write_model(folder / "big.gguf", name="Big")
    write_model(folder / "small.gguf", name="Small", context_length=1024)
    write_adapter(folder / "pirate.gguf")
    write_adapter(folder / "foreign.gguf", architecture="qwen2")
    write_truncated(folder / "broken.gguf")
    return folder


@pytest.fixture
def library(folder: Path, database: Database, tmp_path: Path) -> Library:
    """That reads options from the database."""
    return Library(folder, tmp_path / "no guide.gguf", 2048, options_reader(database))


@pytest.fixture
def kept(database: Database, library: Library) -> ModelSettings:
    """What is to be tested."""
    return ModelSettings(database, library)


def refused(kept: ModelSettings, **changes: Any) -> HearthError:  # noqa: ANN401
    before = kept.get("big")
    with pytest.raises(HearthError) as caught:
        kept.update("big", changes)
    assert kept.get("big") == before
    return caught.value


def test_nothing_is_set_before_somebody_does(kept: ModelSettings) -> None:
    assert kept.get("big") == ModelOptions()


def test_every_option_can_be_set_and_comes_back_with_the_file(
    kept: ModelSettings, library: Library, database: Database, folder: Path
) -> None:
    changes = {
        "context_tokens": 4096,
        "kv_type": "q8_0",
        "use_mmap": False,
        "gpu_layers": -1,
        "rope": {"scaling": "yarn", "factor": 2},
        "loras": [{"path": "pirate", "scale": 0.5}],
        "draft": {"kind": "model", "path": "small", "max_tokens": 4},
        "prompt_format": "vicuna",
        "is_pinned": True,
        "is_preloaded": True,
    }
    assert set(changes) == set(KNOWN) == set(ModelOptions.__dataclass_fields__)
    set_now = kept.update("big", changes)
    assert set_now == kept.get("big") == ModelSettings(database, library).get("big")
    assert set_now.loras == (Lora("pirate", 0.5),)
    found = library.find("big")
    assert found.options == ModelOptions(
        4096,
        "q8_0",
        False,
        -1,
        Rope("yarn", 2.0),
        (Lora(str(folder / "pirate.gguf"), 0.5),),
        Draft("model", str(folder / "small.gguf"), 4),
        "vicuna",
        True,
        True,
    )
    assert found.context_tokens == 2 * 4096
    assert library.find("small").options == ModelOptions()


def test_a_change_leaves_the_others_and_none_takes_one_back(kept: ModelSettings, database: Database) -> None:
    kept.update("big", {"kv_type": "q4_0", "is_pinned": True})
    assert kept.update("big", {"kv_type": None}) == ModelOptions(is_pinned=True)
    assert kept.update("big", {"is_pinned": False}) == ModelOptions()
    with database.reading() as session:
        assert session.connection().exec_driver_sql("SELECT count(*) FROM model_settings").scalar_one() == 0


def test_options_follow_the_file_when_it_is_renamed(kept: ModelSettings, folder: Path) -> None:
    kept.update("big", {"kv_type": "q8_0"})
    (folder / "big.gguf").rename(folder / "bigger.gguf")
    assert kept.get("bigger").kv_type == "q8_0"
    write_model(folder / "big.gguf", name="Another")
    assert kept.get("big") == ModelOptions()


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("colour", "red", "option_unknown"),
        ("context_tokens", 10, "option_invalid"),
        ("context_tokens", "many", "option_invalid"),
        ("context_tokens", 2_000_000, "option_invalid"),
        ("kv_type", "f8", "option_invalid"),
        ("use_mmap", 1, "option_invalid"),
        ("gpu_layers", -2, "option_invalid"),
        ("rope", {"scaling": "stretch"}, "option_invalid"),
        ("rope", {"scaling": "linear", "factor": 0}, "rope_factor_invalid"),
        ("rope", {"scaling": "linear", "factor": math.nan}, "rope_factor_invalid"),
        ("loras", "pirate", "option_invalid"),
        ("loras", [{"path": "nobody"}], "adapter_unknown"),
        ("loras", [{"path": "../../etc/passwd"}], "adapter_unknown"),
        ("loras", [{"path": "big"}], "adapter_unknown"),
        ("loras", [{"path": "foreign"}], "adapter_other_model"),
        ("loras", [{"path": "pirate", "scale": math.inf}], "option_invalid"),
        ("loras", [{"path": "pirate"}] * 9, "option_invalid"),
        ("draft", {"kind": "magic"}, "option_invalid"),
        ("draft", {"kind": "model", "path": "big"}, "option_invalid"),
        ("draft", {"kind": "model", "path": "nobody"}, "model_unknown"),
        ("draft", {"kind": "model", "path": "pirate"}, "model_not_chat"),
        ("draft", {"kind": "lookup", "max_tokens": 0}, "option_invalid"),
        ("prompt_format", "klingon", "prompt_format_unknown"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    kept: ModelSettings, name: str, value: object, code: str
) -> None:
    kept.update("big", {"kv_type": "q8_0"})
    error = refused(kept, **{name: value})
    assert error.code == code
    if code == "option_invalid":
        assert error.params["name"] == name
        assert isinstance(error, InvalidInput)


def test_an_adapter_that_is_gone_can_still_be_taken_out(kept: ModelSettings, library: Library, folder: Path) -> None:
    kept.update("big", {"loras": [{"path": "pirate"}]})
    (folder / "pirate.gguf").unlink()
    with pytest.raises(NotFound):
        library.find("big")
    kept.update("big", {"loras": None})
    assert library.find("big").options == ModelOptions()


def test_a_model_that_is_not_there_has_no_options(kept: ModelSettings) -> None:
    with pytest.raises(NotFound):
        kept.get("nobody")
    with pytest.raises(NotFound):
        kept.update("nobody", {})


def test_options_that_this_version_does_not_understand_are_left_out(
    kept: ModelSettings, library: Library, database: Database
) -> None:
    fingerprint = library.find("big").fingerprint
    with database.transaction() as session:
        model_settings.put(session, fingerprint, {"kv_type": "f3", "is_pinned": True})
    assert kept.get("big") == ModelOptions()
    with database.transaction() as session:
        model_settings.put(session, fingerprint, {"is_pinned": True, "from_the_future": 1})
    assert kept.get("big") == ModelOptions(is_pinned=True)


def test_a_broken_file_has_no_options_that_could_be_used(kept: ModelSettings, library: Library) -> None:
    kept.get("broken")
    with pytest.raises(BadFile):
        library.find("broken")


def test_only_what_differs_from_the_defaults_is_kept() -> None:
    assert chosen(ModelOptions()) == {}
    assert chosen(ModelOptions(rope=Rope("linear", 2.0))) == {"rope": {"scaling": "linear", "factor": 2.0}}
