"""Alembic's entry: runs the migrations on the connection that `app.store.migrate` gives. Alembic executes this file."""

from typing import Any, Literal

from alembic import context
from sqlmodel import AutoString

from app.store.tables import Table, UtcDateTime


def render_item(kind: str, item: Any, _context: Any) -> str | Literal[False]:  # noqa: ANN401
    """Migrations name plain SQLAlchemy types: a migration that shipped must not change when a class of ours does."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, AutoString):
        return f"sa.String({item.length})" if item.length else "sa.String()"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Table.metadata,
    render_as_batch=True,
    render_item=render_item,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
