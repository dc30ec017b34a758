"""The words of JSON schemas: what they speak of, and which of them are not understood here."""

from typing import Final

# What limits values and is not understood here; everything else that is unknown only describes.
REFUSED: Final = frozenset(
    {
        "not",
        "if",
        "then",
        "else",
        "dependentRequired",
        "dependentSchemas",
        "dependencies",
        "patternProperties",
        "propertyNames",
        "minProperties",
        "maxProperties",
        "contains",
        "minContains",
        "maxContains",
        "uniqueItems",
        "multipleOf",
        "unevaluatedItems",
        "unevaluatedProperties",
        "additionalItems",
        "$dynamicRef",
        "$recursiveRef",
    }
)
OBJECT_WORDS: Final = frozenset({"properties", "required", "additionalProperties"})
ARRAY_WORDS: Final = frozenset({"items", "prefixItems", "minItems", "maxItems"})
STRING_WORDS: Final = frozenset({"minLength", "maxLength", "pattern", "format"})
NUMBER_WORDS: Final = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"})
LIMITING: Final = (
    OBJECT_WORDS
    | ARRAY_WORDS
    | STRING_WORDS
    | NUMBER_WORDS
    | REFUSED
    | {
        "type",
        "enum",
        "const",
        "anyOf",
        "oneOf",
        "allOf",
    }
)
DESCRIBING: Final = frozenset(
    {
        "title",
        "description",
        "default",
        "examples",
        "$schema",
        "$id",
        "$comment",
        "$defs",
        "definitions",
        "deprecated",
        "readOnly",
        "writeOnly",
        "discriminator",
        "strict",
        "format",
    }
)
