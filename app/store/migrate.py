"""Runs the migrations that lie in the package, without an alembic.ini, on a connection that is given."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from app.errors import BadSetup

MIGRATIONS = Path(__file__).parent / "migrations"


def config_for(connection: Connection | None = None) -> Config:
    """Alembic's configuration: our folder, and the connection that `migrations/env.py` is to use."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def to_head(connection: Connection, database: str) -> None:
    """Upgrade to the newest revision that we know.

    Raises BadSetup("database_newer") for a database that a newer Hearth has upgraded, and changes nothing then.
    """
    refuse_newer(connection, database)
    command.upgrade(config_for(connection), "head")


def refuse_newer(connection: Connection, database: str) -> None:
    """Raises BadSetup("database_newer") for a database that a newer Hearth has upgraded. Only looks."""
    known = {script.revision for script in ScriptDirectory.from_config(config_for()).walk_revisions()}
    revisions = MigrationContext.configure(connection).get_current_heads()
    unknown = [revision for revision in revisions if revision not in known]
    if unknown:
        raise BadSetup("database_newer", database=database, revision=unknown[0])
