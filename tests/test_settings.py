"""Settings come from arguments, then variables, then the file, then the defaults."""

from pathlib import Path

import pytest

from app.commands import parts
from app.errors import BadSetup
from app.settings import Settings


@pytest.fixture
def config_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A settings file that HEARTH_CONFIG_FILE names."""
    file = tmp_path / "hearth.toml"
    file.touch()
    monkeypatch.setenv("HEARTH_CONFIG_FILE", str(file))
    return file


def test_a_variable_wins_over_the_file(config_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config_file.write_text('port = 7000\nmodels_dir = "elsewhere"\n')
    monkeypatch.setenv("HEARTH_PORT", "7001")
    settings = Settings()
    assert (settings.port, settings.models_dir) == (7001, Path("elsewhere"))


def test_an_empty_file_leaves_the_defaults(config_file: Path) -> None:
    assert config_file.read_text() == ""
    assert Settings().host == "127.0.0.1"


def test_a_named_file_that_is_missing_is_refused(config_file: Path) -> None:
    config_file.unlink()
    with pytest.raises(BadSetup) as caught:
        parts.settings()
    assert (caught.value.code, caught.value.params["path"]) == ("settings_file_invalid", str(config_file))


def test_a_misspelled_key_of_the_file_is_refused(config_file: Path) -> None:
    config_file.write_text("prot = 7001")
    with pytest.raises(BadSetup) as caught:
        parts.settings()
    assert caught.value.params["name"] == "HEARTH_PROT"


def test_a_misspelled_variable_is_found(config_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEARTH_PROT", "7001")
    assert config_file.exists()
    assert parts.unknown_variables() == ["HEARTH_PROT"]


@pytest.mark.parametrize("url", ["http://[", "hearth.example.org", "ftp://hearth.example.org", "https://"])
def test_a_public_url_must_be_a_whole_address(url: str, config_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEARTH_PUBLIC_URL", url)
    assert config_file.exists()
    with pytest.raises(BadSetup) as caught:
        parts.settings()
    assert caught.value.params["name"] == "HEARTH_PUBLIC_URL"


@pytest.mark.parametrize("networks", ["foo", '["foo"]'])
def test_networks_must_be_networks(networks: str, config_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEARTH_TRUSTED_PROXIES", networks)
    assert config_file.exists()
    with pytest.raises(BadSetup) as caught:
        parts.settings()
    assert caught.value.code == "settings_invalid"


def test_a_file_in_another_encoding_is_refused(config_file: Path) -> None:
    config_file.write_bytes("# küche".encode("latin-1"))
    with pytest.raises(BadSetup) as caught:
        parts.settings()
    assert caught.value.code == "settings_file_invalid"


def test_the_database_lies_in_the_data_folder_unless_it_is_named(tmp_path: Path) -> None:
    assert Settings(data_dir=tmp_path).sqlalchemy_url == f"sqlite:///{tmp_path}/hearth.db"
    assert Settings(database_url="sqlite:///other.db").sqlalchemy_url == "sqlite:///other.db"


def test_a_wrong_value_is_named(config_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    del config_file
    monkeypatch.setenv("HEARTH_PORT", "a lot")
    with pytest.raises(BadSetup) as caught:
        parts.settings()
    assert caught.value.code == "settings_invalid"
    assert caught.value.params["name"] == "HEARTH_PORT"


def test_a_file_that_is_no_toml_is_refused(config_file: Path) -> None:
    config_file.write_text("port: 7001")
    with pytest.raises(BadSetup) as caught:
        parts.settings()
    assert caught.value.code == "settings_file_invalid"
