"""Every setting of Hearth, in one place: read from `HEARTH_*` variables, then from a TOML file, then the defaults.

Knows names and limits, not what the values are used for.
"""

import errno
import os
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

DEFAULT_CONFIG_FILE = Path("hearth.toml")


class Settings(BaseSettings):
    """The settings of one Hearth. Field `x_y` is the variable `HEARTH_X_Y` and the key `x_y` of the file."""

    model_config = SettingsConfigDict(env_prefix="HEARTH_", extra="forbid", frozen=True)

    host: str = Field(default="127.0.0.1", description="Address to listen on; 0.0.0.0 for the home network.")
    port: int = Field(default=7860, ge=0, le=65535, description="TCP port to listen on. 0 takes any free one.")
    data_dir: Path = Field(default=Path("data"), description="Folder of the database and temporary files.")
    models_dir: Path = Field(default=Path("models"), description="Folder that is searched for GGUF files.")
    database_url: str = Field(default="", description="SQLAlchemy URL. Empty: hearth.db in the data folder.")
    public_url: str = Field(default="", description="Address from outside: https://hearth.example.org")
    allowed_hosts: str = Field(
        default="",
        description="More host names that Hearth answers to, separated by commas.",
    )
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = Field(
        default=(),
        description='Networks whose X-Forwarded-* is believed: ["127.0.0.1/32"]',
    )
    setup_token: SecretStr = Field(
        default=SecretStr(""),
        description="The one-time setup token. Empty: Hearth makes one, prints it and keeps it in a file.",
    )
    context_tokens: int = Field(
        default=8192,
        ge=256,
        le=1_048_576,
        description="Most tokens that one chat may fill; fewer where memory is short.",
    )
    kv_type: Literal["f16", "q8_0", "q4_0"] = Field(
        default="f16", description="How the memory of a chat is kept; q8_0 takes half, q4_0 a quarter."
    )
    slots: int = Field(default=4, ge=1, le=64, description="Replies that are written at the same time by one model.")
    threads: int = Field(default=0, ge=0, le=1024, description="CPU threads; 0: what this container may use.")
    probe: bool = Field(
        default=True,
        description="Try at the first start which ways to compute work on this box and which is fastest.",
    )
    batch_tokens: int = Field(
        default=256, ge=32, le=4096, description="Tokens read in one step; smaller steps stall others less."
    )
    waiting_replies: int = Field(default=64, ge=1, le=10_000, description="Replies that may wait for their turn.")
    loaded_models: int = Field(
        default=4, ge=1, le=32, description="Most models in memory at the same time, as far as they fit."
    )
    preload: tuple[str, ...] = Field(default=(), description='Models that are loaded at the start: ["llama-3.2-3b"]')
    snapshot_memory_mb: int = Field(
        default=512, ge=0, description="Memory for the states of chats that are not being written, in MB."
    )
    snapshot_disk_mb: int = Field(
        default=4096, ge=0, description="Disk space for the states of chats, so that old chats reopen at once; 0: none."
    )
    draft: Literal["off", "lookup"] = Field(
        default="off",
        description="lookup guesses words from the text so far, while that is measured to be faster; "
        "the same seed may then give another text, by llama.cpp's rounding.",
    )
    summaries: bool = Field(
        default=True, description="Have long chats summarised by their model while it is idle, before they are cut."
    )
    idle_minutes: float = Field(
        default=15.0, ge=0, description="Minutes without a reply after which a model is unloaded; 0: never."
    )
    session_days: int = Field(default=30, ge=1, le=3650, description="Days that a sign-in lasts.")
    log_level: str = Field(default="info", pattern="^(debug|info|warning|error)$", description="How much is logged.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments win over variables, variables over the file named by HEARTH_CONFIG_FILE."""
        named = os.environ.get("HEARTH_CONFIG_FILE")
        file = Path(named) if named else DEFAULT_CONFIG_FILE
        if file.is_dir() or (named and not file.exists()):
            raise FileNotFoundError(errno.ENOENT, "there is no such file", str(file))
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, toml_file=file)

    @field_validator("public_url")
    @classmethod
    def _is_web_address(cls, value: str) -> str:
        parts = urlsplit(value)  # Raises ValueError for what is no address at all.
        if value and (parts.scheme not in ("http", "https") or not parts.hostname):
            raise ValueError("it must be a whole address, such as https://hearth.example.org")
        return value

    @property
    def sqlalchemy_url(self) -> str:
        """The database that is used in the end."""
        return self.database_url or f"sqlite:///{self.data_dir.absolute() / 'hearth.db'}"

    @property
    def setup_token_file(self) -> Path:
        """Where a setup token that Hearth made itself lies, readable by its owner only."""
        return self.data_dir / "setup-token"
