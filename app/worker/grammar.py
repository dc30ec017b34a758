"""From a JSON schema to a grammar in GBNF: every answer under the grammar is valid under the schema.

Not the other way round: keys come in the order of the schema, and of what a schema leaves open (spaces, long numbers)
only a part is allowed, so that no answer can run on for ever between two values.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from app.errors import InvalidInput
from app.worker import gbnf, json_numbers, json_pattern
from app.worker.constraint import Constraint
from app.worker.json_keys import key_other_than
from app.worker.json_merge import merged
from app.worker.json_primitives import PRIMITIVES
from app.worker.json_refusal import unsupported
from app.worker.json_words import (
    ARRAY_WORDS,
    LIMITING,
    NUMBER_WORDS,
    OBJECT_WORDS,
    REFUSED,
    STRING_WORDS,
)

JSON_GRAMMAR: Final = f"root ::= object{PRIMITIVES}"
MAX_DEPTH = 64
FORMATS: Final[Mapping[str, str]] = {
    "date": "full-date",
    "time": "time",
    "date-time": 'full-date "T" time',
    "uuid": "uuid",
}
TYPES: Final = ("object", "array", "string", "number", "integer", "boolean", "null")
Schema = Mapping[str, Any]


def from_json_schema(schema: object) -> str:
    """Raises InvalidInput("json_schema_unsupported", reason=)."""
    writer = _Writer(schema)
    try:
        text = writer.grammar()
        Constraint(text)
    except InvalidInput as error:
        if error.code != "grammar_invalid":
            raise
        raise unsupported(str(error.params["detail"])) from None
    return text


class _Writer:
    """Writes the rules for one schema."""

    def __init__(self, schema: object) -> None:
        self._whole = schema
        self._rules: list[str] = []
        self._by_pointer: dict[str, str] = {}
        self._depth = 0
        self._num_rules = 0
        self._num_bytes = 0

    def grammar(self) -> str:
        """All rules, the root first."""
        root = self._value(self._whole)
        return "\n".join([f"root ::= {root}", *self._rules]) + PRIMITIVES

    def _value(self, schema: object) -> str:
        """What stands for a value of this schema: always something that can be repeated or followed as a whole."""
        if schema is True or schema == {}:
            return "value"
        if not isinstance(schema, Mapping):
            raise unsupported("a schema that allows nothing" if schema is False else "a schema that is no object")
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise unsupported("it is nested too deeply")
        for word in schema:
            if word in REFUSED and schema[word] not in (False, None):
                raise unsupported(f"the word {word}")
        body = self._combined(schema)
        self._depth -= 1
        return body

    def _combined(self, schema: Schema) -> str:
        if "$ref" in schema:
            rest = {word: said for word, said in schema.items() if word in LIMITING}
            if rest:
                return self._value(merged(rest, self._pointed_at(schema["$ref"])))
            return self._referred(schema["$ref"])
        if "allOf" in schema:
            whole: Schema = {word: said for word, said in schema.items() if word != "allOf"}
            for part in _list(schema["allOf"], "allOf"):
                whole = merged(whole, self._resolved(part))
            return self._value(whole)
        for word in ("anyOf", "oneOf"):
            if word in schema:
                rest = {other: said for other, said in schema.items() if other != word and other in LIMITING}
                parts = [merged(rest, self._resolved(part)) if rest else part for part in _list(schema[word], word)]
                return self._rule(" | ".join(map(self._value, parts)))
        if "const" in schema:
            return _json(schema["const"])
        if "enum" in schema:
            return self._rule(" | ".join(_json(value) for value in _list(schema["enum"], "enum")))
        return self._typed(schema)

    def _typed(self, schema: Schema) -> str:
        said = schema.get("type")
        if isinstance(said, list):
            return self._rule(" | ".join(self._value({**schema, "type": kind}) for kind in _list(said, "type")))
        kind = said or _implied_type(schema)
        match kind:
            case None:
                return "value"
            case "object":
                return self._object(schema)
            case "array":
                return self._array(schema)
            case "string":
                return self._string(schema)
            case "integer" | "number":
                is_limited = not NUMBER_WORDS.isdisjoint(schema)
                return self._rule(json_numbers.number(schema, kind == "integer")) if is_limited else kind
            case "boolean" | "null":
                return str(kind)
            case _:
                raise unsupported(f"the type {str(kind)[:40]}")

    def _object(self, schema: Schema) -> str:
        properties = schema.get("properties", {})
        required = schema.get("required", [])
        if not isinstance(properties, Mapping) or not isinstance(required, Sequence):
            raise unsupported("properties or required of another form")
        more = schema.get("additionalProperties", not properties)
        names = [*properties, *(name for name in dict.fromkeys(required) if name not in properties)]
        if more is False and len(names) > len(properties):
            raise unsupported("a required property that is not allowed")
        if not names and more is True:
            return "object"
        members = [(self._member(_json(name), properties.get(name, more)), name in required) for name in names]
        behind = self._rule('""')
        if more is not False:
            extra = self._member(self._rule(key_other_than(names)), more)
            behind = self._rule(f'("," ws {extra})*')
            first = self._rule(f"({extra} {behind})?")
        else:
            first = behind
        return self._rule(f'"{{" ws {self._chain(members, first, behind)} "}}"')

    def _chain(self, members: list[tuple[str, bool]], first: str, behind: str) -> str:
        """The members in their order, the optional ones or not. `first` and `behind`: what may follow the last of them
        when there was none, and when there was one.
        """
        for member, is_required in reversed(members):
            if is_required:
                first = self._rule(f"{member} {behind}")
                behind = self._rule(f'"," ws {member} {behind}')
            else:
                first = self._rule(f"{member} {behind} | {first}")
                behind = self._rule(f'("," ws {member})? {behind}')
        return first

    def _member(self, key: str, schema: object) -> str:
        return self._rule(f'{key} ":" ws {self._value(schema)} ws')

    def _array(self, schema: Schema) -> str:
        least, most = _size(schema, "minItems", 0) or 0, _size(schema, "maxItems", None)
        fixed = _list(schema["prefixItems"], "prefixItems") if "prefixItems" in schema else []
        fixed = fixed[:most]
        items = schema.get("items", not fixed)
        elements = [f"{self._value(item)} ws" for item in fixed]
        if items is False or (most is not None and most <= len(fixed)):
            if least > len(fixed):
                raise unsupported("an array that must be longer than it may be")
            return self._rule('"[" ws ' + ' "," ws '.join(elements) + ' "]"')
        element = f"{self._value(items)} ws"
        if elements:
            more = _times(f'"," ws {element}', max(0, least - len(fixed)), most and most - len(fixed))
            return self._rule('"[" ws ' + ' "," ws '.join(elements) + f' {more} "]"')
        if most == 0:
            return self._rule('"[" ws "]"')
        more = _times(f'"," ws {element}', max(0, least - 1), None if most is None else most - 1)
        return self._rule(f'"[" ws {element} {more} "]"' if least else f'"[" ws ({element} {more})? "]"')

    def _string(self, schema: Schema) -> str:
        least, most = _size(schema, "minLength", 0) or 0, _size(schema, "maxLength", None)
        if "pattern" in schema:
            if least or most is not None:
                raise unsupported("pattern together with minLength or maxLength")
            return self._rule(f'"\\"" {json_pattern.pattern(schema["pattern"])} "\\""')
        known = FORMATS.get(str(schema.get("format", "")))
        if known is not None:
            return self._rule(f'"\\"" {known} "\\""')
        if not least and most is None:
            return "string"
        return self._rule(f'"\\"" {_times("character", least, most)} "\\""')

    def _referred(self, pointer: object) -> str:
        """The rule for what `$ref` points at; it may point at where it stands."""
        name = self._by_pointer.get(str(pointer))
        if name is None:
            name = self._by_pointer[str(pointer)] = self._new_name()
            self._add(name, self._value(self._pointed_at(pointer)))
        return name

    def _resolved(self, schema: object) -> Schema:
        """The schema itself, where it is only a reference."""
        for _ in range(MAX_DEPTH):
            if not isinstance(schema, Mapping):
                raise unsupported("a schema that is no object")
            if "$ref" not in schema:
                return schema
            rest = {word: said for word, said in schema.items() if word in LIMITING}
            schema = merged(rest, self._pointed_at(schema["$ref"]))
        raise unsupported("a reference that comes back to itself")

    def _pointed_at(self, pointer: object) -> Schema:
        if not isinstance(pointer, str) or not pointer.startswith("#"):
            raise unsupported("a $ref to somewhere else")
        found: Any = self._whole
        for part in pointer[1:].split("/")[1:]:
            name = part.replace("~1", "/").replace("~0", "~")
            found = found.get(name) if isinstance(found, Mapping) else None
        if not isinstance(found, Mapping):
            raise unsupported(f"a $ref to {pointer[:80]}, which is not there")
        return found

    def _rule(self, body: str) -> str:
        """A rule of its own with this body."""
        name = self._new_name()
        self._add(name, body)
        return name

    def _new_name(self) -> str:
        self._num_rules += 1
        return f"r{self._num_rules}"

    def _add(self, name: str, body: str) -> None:
        self._rules.append(f"{name} ::= {body}")
        self._num_bytes += len(self._rules[-1])
        if self._num_bytes > gbnf.MAX_BYTES:
            raise unsupported("it is too large")


def _json(value: object) -> str:
    """A literal that stands for this value as JSON."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    except ValueError:
        raise unsupported("a number that JSON does not know") from None
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\x7f", "\\x7f")
    return f'"{escaped}"'


def _implied_type(schema: Schema) -> str | None:
    """The type that is meant where none is said."""
    for kind, words in (
        ("object", OBJECT_WORDS),
        ("array", ARRAY_WORDS),
        ("string", STRING_WORDS),
        ("number", NUMBER_WORDS),
    ):
        if not words.isdisjoint(schema):
            return kind
    return None


def _times(expression: str, least: int, most: int | None) -> str:
    if most is not None and most < least:
        raise unsupported(f"at least {least} and at most {most}")
    return f"({expression}){{{least},{'' if most is None else most}}}"


def _size(schema: Schema, word: str, default: int | None) -> int | None:
    said = schema.get(word, default)
    if said is not None and (isinstance(said, bool) or not isinstance(said, int) or not 0 <= said < 2**31):
        raise unsupported(f"{word} that is no number of things")
    return said


def _list(said: object, word: str) -> list[Any]:
    if not isinstance(said, list) or not said:
        raise unsupported(f"{word} that is no list")
    return said
