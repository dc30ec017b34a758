"""JSON schemas as grammars: what a model of random weights writes under them is valid, whatever it would rather say."""

import json
from pathlib import Path
from typing import Any

import pytest

from app.errors import InvalidInput
from app.worker import json_numbers
from app.worker.constraint import Constraint
from app.worker.grammar import JSON_GRAMMAR, from_json_schema
from app.worker.messages import Sampling
from tests.worker.json_check import is_valid
from tests.worker.sampler_bench import SamplerBench

NODE = {
    "type": "object",
    "properties": {"v": {"type": "integer"}, "next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]}},
    "required": ["v", "next"],
    "additionalProperties": False,
}
SCHEMAS: dict[str, Any] = {
    "a string": {"type": "string", "maxLength": 12},
    "a long string": {"type": "string", "minLength": 3, "maxLength": 5},
    "an integer": {"type": "integer"},
    "a small integer": {"type": "integer", "minimum": -3, "maximum": 117},
    "a positive number": {"type": "number", "exclusiveMinimum": 0, "maximum": 20},
    "a share": {"type": "number", "minimum": 0, "maximum": 1},
    "below zero": {"type": "number", "maximum": -5},
    "an enum": {"enum": ["red", 'a "quoted" one', 7, None, {"a": [1, "é\n"]}]},
    "a const": {"const": {"kind": "cat"}},
    "nullable": {"type": ["integer", "null"]},
    "a list": {"type": "array", "items": {"type": "integer", "minimum": 0, "maximum": 9}, "minItems": 2, "maxItems": 4},
    "an empty list": {"type": "array", "maxItems": 0},
    "a tuple": {"type": "array", "prefixItems": [{"type": "boolean"}, {"type": "null"}], "items": False},
    "a tuple and more": {
        "prefixItems": [{"const": 1}],
        "items": {"enum": ["x"]},
        "minItems": 2,
        "maxItems": 3,
    },
    "required": {
        "type": "object",
        "properties": {
            "name": {"type": "string", "maxLength": 8},
            "age": {"type": "integer", "maximum": 99, "minimum": 1},
        },
        "required": ["name", "age"],
        "additionalProperties": False,
    },
    "optional": {
        "type": "object",
        "properties": {"a": {"const": 1}, "b": {"const": 2}, "c": {"const": 3}, "d": {"const": 4}},
        "required": ["c"],
    },
    "all optional": {"type": "object", "properties": {"a": {"const": 1}, "b": {"const": 2}}},
    "open": {
        "type": "object",
        "properties": {"ab": {"const": 1}, "abc": {"const": 2}},
        "additionalProperties": {"enum": [5]},
        "required": ["ab"],
    },
    "a map": {"type": "object", "additionalProperties": {"type": "boolean"}},
    "recursive": {"$defs": {"node": NODE}, "$ref": "#/$defs/node"},
    "all of": {
        "allOf": [
            {"properties": {"a": {"type": "integer", "minimum": 2}}, "required": ["a"]},
            {"type": "object", "properties": {"a": {"maximum": 5, "type": "integer"}, "b": {"const": "x"}}},
        ]
    },
    "one of": {"oneOf": [{"type": "boolean"}, {"const": "maybe"}]},
    "a date": {"type": "string", "format": "date"},
    "a time": {"type": "string", "format": "date-time"},
    "a uuid": {"type": "string", "format": "uuid"},
    "a pattern": {"type": "string", "pattern": r"^[A-Z]{2,3}-\d+(?:\.(x|y))?$"},
    "a pattern of anything but": {"type": "string", "pattern": r'^[^a-z\d]{2} ."\\$'},
    "described": {
        "title": "T",
        "description": "D",
        "type": "object",
        "properties": {"a": {"$ref": "#/definitions/n", "description": "an a"}},
        "required": ["a"],
        "definitions": {"n": {"type": "null"}},
    },
}


@pytest.fixture(scope="module")
def bench(tiny_gguf: Path) -> SamplerBench:
    return SamplerBench(tiny_gguf, context_tokens=2048)


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_answer_is_valid(bench: SamplerBench, name: str) -> None:
    grammar = from_json_schema(SCHEMAS[name])
    num_whole = 0
    for seed in range(12):
        text = bench.text(
            Sampling(temperature=1.5, top_k=0, top_p=1, min_p=0, seed=seed, grammar=grammar), [5, 6, 7], 600
        )
        try:
            value = json.loads(text)
        except ValueError:
            # Cut off by the limit, as numbers and strings of random weights may be.
            continue
        num_whole += 1
        assert is_valid(value, SCHEMAS[name]), text
    assert num_whole >= 6


@pytest.mark.parametrize("name", [name for name in SCHEMAS if name not in ("a long string", "a string")])
def test_a_valid_value_is_allowed(name: str) -> None:
    examples: dict[str, str] = {
        "a small integer": "-3 0 9 10 99 100 117",
        "a positive number": "0.1 1 1.5 20 20.0 19.999",
        "a share": "0 1 0.0 0.5 1.0",
        "below zero": "-5 -5.0 -5.1 -17 -123456.5",
        "a map": '{} {"a":true} {"a":true,"b":false}',
        "open": '{"ab":1} {"ab":1,"abc":2} {"ab":1,"a":5} {"ab":1,"abcd":5,"":5}',
        "optional": '{"c":3} {"a":1,"c":3} {"b":2,"c":3,"d":4} {"a":1,"b":2,"c":3,"d":4}',
        "all optional": '{} {"a":1} {"b":2} {"a":1,"b":2}',
        "recursive": '{"v":1,"next":{"v":-20,"next":null}}',
        "all of": '{"a":2} {"a":5,"b":"x"}',
        "a pattern": '"AB-1" "ABC-12.x"',
        "a tuple and more": '[1,"x"] [1,"x","x"]',
        "a list": "[1,2] [1,2,3,4]",
        "nullable": "null 0 -12",
        "a date": '"2024-01-31" "2023-12-30" "0001-02-28"',
    }
    for text in examples.get(name, "").split():
        assert follows(from_json_schema(SCHEMAS[name]), text), text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a small integer", "118"),
        ("a small integer", "-4"),
        ("a small integer", "007"),
        ("a positive number", "0"),
        ("a positive number", "0.0"),
        ("a positive number", "20.1"),
        ("a share", "1.01"),
        ("a share", "-0.5"),
        ("below zero", "-4.9"),
        ("open", '{"ab":1,"abc":5}'),
        ("open", '{"ab":1,"ab":5}'),
        ("optional", '{"a":1}'),
        ("optional", '{"c":3,"a":1}'),
        ("optional", '{"c":3,}'),
        ("all optional", '{"x":1}'),
        ("a list", "[1]"),
        ("a list", "[1,2,3,4,5]"),
        ("a date", '"2023-02-29"'),
        ("a date", '"2023-04-31"'),
        ("a pattern", '"A-1"'),
        ("a string", '"\\ud800"'),
    ],
)
def test_an_invalid_value_is_not_allowed(name: str, text: str) -> None:
    assert not follows(from_json_schema(SCHEMAS[name]), text)


def test_numbers_between_all_bounds_are_exactly_those() -> None:
    for low in (-25, -10, -1, 0, 1, 7, 10, 19, 95, 99):
        for high in (-12, -1, 0, 5, 9, 10, 11, 99, 100, 105):
            if low > high:
                continue
            grammar = f"root ::= {json_numbers.number({'minimum': low, 'maximum': high}, True)}"
            allowed = {number for number in range(-130, 131) if follows(grammar, str(number))}
            assert allowed == set(range(low, high + 1)), (low, high)


def test_open_bounds_of_integers_move_by_one() -> None:
    grammar = from_json_schema({"type": "integer", "exclusiveMinimum": 3, "exclusiveMaximum": 6})
    assert [number for number in range(10) if follows(grammar, str(number))] == [4, 5]


@pytest.mark.parametrize("seed", range(8))
def test_any_json_object_comes_as_json(bench: SamplerBench, seed: int) -> None:
    sampling = Sampling(temperature=0.7, top_k=40, seed=seed, grammar=JSON_GRAMMAR)
    text = bench.text(sampling, [5, 6, 7], 900)
    assert text.startswith("{")
    if text.endswith("}") and text.count("{") == 1:
        assert isinstance(json.loads(text), dict)


@pytest.mark.parametrize(
    "schema",
    [
        False,
        7,
        "x",
        [],
        {"type": "text"},
        {"type": 3},
        {"not": {"type": "string"}},
        {"type": "array", "uniqueItems": True},
        {"type": "integer", "multipleOf": 3},
        {"type": "number", "minimum": 0.5},
        {"type": "integer", "minimum": 5, "maximum": 4},
        {"type": "integer", "minimum": float("nan")},
        {"type": "integer", "minimum": float("inf")},
        {"type": "array", "minItems": 3, "maxItems": 2},
        {"type": "array", "minItems": -1},
        {"type": "string", "maxLength": 10**9},
        {"type": "string", "pattern": "(?=x)"},
        {"type": "string", "pattern": "(a"},
        {"type": "string", "pattern": "(" * 50},
        {"type": "string", "pattern": "^a|b$"},
        {"type": "string", "pattern": "a**"},
        {"$ref": "#"},
        {"$ref": "#/$defs/none"},
        {"$ref": "https://example.org/schema"},
        {"$ref": 7},
        {"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"},
        {"allOf": [{"$ref": "#"}]},
        {"allOf": [{"type": "string"}, {"type": "integer"}]},
        {"anyOf": []},
        {"enum": []},
        {"enum": [float("nan")]},
        {"required": ["a"], "properties": {}, "additionalProperties": False},
        {"required": 7},
        {"properties": []},
        {"properties": {"a": 7}},
        {"properties": {f"name{number}": {"type": "string", "pattern": "a" * 900} for number in range(200)}},
    ],
)
def test_a_schema_that_cannot_be_kept_is_refused(schema: object) -> None:
    with pytest.raises(InvalidInput) as refused:
        from_json_schema(schema)
    assert refused.value.code == "json_schema_unsupported"
    assert refused.value.params["reason"]


def test_a_schema_that_is_nested_without_end_is_refused() -> None:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(200):
        schema = {"type": "array", "items": schema}
    with pytest.raises(InvalidInput):
        from_json_schema(schema)


def follows(grammar: str, text: str) -> bool:
    """Whether the whole text is one of those that the grammar allows."""
    constraint = Constraint(grammar)
    if not constraint.allows(text.encode()):
        return False
    constraint.accept(text.encode())
    return constraint.can_end
