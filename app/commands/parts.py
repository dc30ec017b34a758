"""The parts that several commands build for themselves: settings, the database with its accounts, the library."""

import os
import tomllib
from importlib import resources
from pathlib import Path

from pydantic import ValidationError
from pydantic_settings import SettingsError

from app import hardware
from app.errors import BadSetup
from app.services.accounts import Accounts
from app.services.library import Library, no_options
from app.services.model_settings import options_reader
from app.settings import DEFAULT_CONFIG_FILE, Settings
from app.store.database import Database

GUIDE_FILE = "hearth-guide-q8_0.gguf"
OTHER_VARIABLES = {"HEARTH_CONFIG_FILE", "HEARTH_TOKEN", "HEARTH_PASSWORD", "HEARTH_CHROMIUM"}


def settings() -> Settings:
    """The settings of this run. Raises BadSetup when one is wrong."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        raise BadSetup("settings_invalid", name=f"HEARTH_{first['loc'][0]}".upper(), reason=first["msg"]) from error
    except SettingsError as error:
        raise BadSetup("settings_invalid", name="HEARTH_*", reason=str(error)) from error
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        path = os.environ.get("HEARTH_CONFIG_FILE", str(DEFAULT_CONFIG_FILE))
        raise BadSetup("settings_file_invalid", path=path, reason=str(error)) from error


def unknown_variables() -> list[str]:
    """HEARTH_* variables that mean nothing, misspelled perhaps."""
    known = {f"HEARTH_{name}".upper() for name in Settings.model_fields} | OTHER_VARIABLES
    return sorted(name for name in os.environ if name.startswith("HEARTH_") and name not in known)


def accounts(chosen: Settings) -> Accounts:
    """The accounts in the database of this Hearth, which is brought up to date first."""
    return Accounts(database(chosen), chosen)


def database(chosen: Settings) -> Database:
    """The database of this Hearth, brought up to date."""
    opened = Database(chosen.sqlalchemy_url)
    opened.migrate()
    return opened


def library(chosen: Settings, database: Database | None = None) -> Library:
    """The models in the models folder, and the Guide; with the options that were chosen, if the database is given."""
    options_of = options_reader(database) if database is not None else no_options
    return Library(chosen.models_dir, guide_path(), chosen.context_tokens, options_of)


def guide_path() -> Path:
    """The built-in Guide: package data, so that no volume can hide it."""
    return Path(str(resources.files("app") / "guide" / GUIDE_FILE))


def threads(chosen: Settings) -> int:
    """CPU threads of the engine: what the setting says, or what this container may use."""
    return chosen.threads or hardware.cpu_budget().threads
