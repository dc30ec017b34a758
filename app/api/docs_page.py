"""The documentation of the API as a page: made on the server from the OpenAPI document, nothing from other hosts."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from app.api import page_templates
from app.api.deps import LanguageDep

router = APIRouter(include_in_schema=False)

Schema = Mapping[str, Any]
LIMITS = {
    "minimum": "≥ {}",
    "exclusiveMinimum": "> {}",
    "maximum": "≤ {}",
    "exclusiveMaximum": "< {}",
    "maxLength": "≤ {} characters",
}


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that a request carries."""

    name: str
    kind: str
    is_required: bool
    description: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path."""

    group: str
    method: str
    path: str
    summary: str
    description: str
    fields: list[Field]


@router.get("/api/docs")
def show_docs(request: Request, language: LanguageDep) -> Response:
    """All operations, in groups."""
    groups: dict[str, list[Operation]] = {}
    for operation in operations(request.app.openapi()):
        groups.setdefault(operation.group, []).append(operation)
    return HTMLResponse(page_templates.render("docs.html", language, groups=groups))


def operations(document: Schema) -> Iterator[Operation]:
    """The operations of an OpenAPI document, in its order."""
    schemas = document.get("components", {}).get("schemas", {})
    for path, methods in document["paths"].items():
        for method, about in methods.items():
            yield Operation(
                group=about.get("tags", [""])[0],
                method=method.upper(),
                path=path,
                summary=about.get("summary", ""),
                description=about.get("description", ""),
                fields=[*_parameters(about, schemas), *_body(about, schemas)],
            )


def _parameters(about: Schema, schemas: Schema) -> Iterator[Field]:
    for parameter in about.get("parameters", []):
        if parameter["in"] in ("path", "query"):
            kind = f"{parameter['in']}, {kind_of(parameter['schema'], schemas)}"
            yield Field(parameter["name"], kind, parameter.get("required", False), parameter.get("description", ""))


def _body(about: Schema, schemas: Schema) -> Iterator[Field]:
    content = about.get("requestBody", {}).get("content", {})
    body = _resolved(content.get("application/json", {}).get("schema", {}), schemas)
    for name, schema in body.get("properties", {}).items():
        description = schema.get("description", "")
        yield Field(name, kind_of(schema, schemas), name in body.get("required", []), description)


def kind_of(schema: Schema, schemas: Schema) -> str:
    """A schema in a few words, such as `number ≥ 0 ≤ 5`."""
    schema = _resolved(schema, schemas)
    if "anyOf" in schema:
        return " | ".join(kind_of(one, schemas) for one in schema["anyOf"] if one.get("type") != "null")
    if "enum" in schema or "const" in schema:
        return " | ".join(f"“{value}”" for value in schema.get("enum", [schema.get("const")]))
    if schema.get("type") == "array":
        return f"[{kind_of(schema.get('items', {}), schemas)}]"
    if "properties" in schema:
        inner = (f"{name}: {kind_of(one, schemas)}" for name, one in schema["properties"].items())
        return "{" + ", ".join(inner) + "}"
    limits = (text.format(schema[key]) for key, text in LIMITS.items() if key in schema)
    return " ".join([schema.get("type", ""), *limits])


def _resolved(schema: Schema, schemas: Schema) -> Schema:
    if "$ref" in schema:
        return _resolved(schemas[schema["$ref"].rsplit("/", 1)[-1]], schemas)
    options = [one for one in schema.get("anyOf", []) if one.get("type") != "null"]
    return _resolved(options[0], schemas) if len(options) == 1 else schema
