"""Every setting of Hearth, in one place: read from `HEARTH_*` variables, then from a TOML file, then the defaults.

Knows names and limits, not what the values are used for.
"""

import errno
import os
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
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
        description="Most tokens that one chat may fill.",
    )
    slots: int = Field(default=4, ge=1, le=64, description="Replies that are written at the same time by one model.")
    threads: int = Field(default=0, ge=0, le=1024, description="CPU threads; 0: what this container may use.")
    batch_tokens: int = Field(
        default=256, ge=32, le=4096, description="Tokens read in one step; smaller steps stall others less."
    )
    waiting_replies: int = Field(default=64, ge=1, le=10_000, description="Replies that may wait for their turn.")
    loaded_models: int = Field(default=1, ge=1, le=32, description="Models kept in memory at the same time.")
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
