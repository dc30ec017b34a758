"""How a JSON schema is refused."""

from app.errors import InvalidInput


def unsupported(reason: str) -> InvalidInput:
    """What is raised for a schema, or a part of it, that no grammar is made of."""
    return InvalidInput("json_schema_unsupported", reason=reason)
