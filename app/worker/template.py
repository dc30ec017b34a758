"""A model's chat template, run in Jinja's immutable sandbox with a limit on what it writes.

Time and memory are limited from outside: the parent kills a renderer that takes too long, and `app.worker.prompt` sets
a limit on memory. Knows no tokens.
"""

import datetime
import json
from collections.abc import Mapping
from typing import Any, NoReturn

import jinja2
from jinja2 import nodes
from jinja2.ext import Extension, loopcontrols
from jinja2.parser import Parser
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

MAX_RENDERED_CHARACTERS = 8 * 1024 * 1024

# What a template that is broken or hostile can raise, besides Jinja's own errors.
TEMPLATE_ERRORS = (
    jinja2.TemplateError,
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    RecursionError,
    TypeError,
    ValueError,
)


class TemplateFailed(Exception):
    """The template refused or broke. `code` is a key of `app.words`."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail


class Refused(jinja2.TemplateRuntimeError):
    """The template called raise_exception: these turns do not suit it."""


class Generation(Extension):
    """`{% generation %}…{% endgeneration %}` marks what training looks at; here it only gives out its body."""

    tags = {"generation"}  # noqa: RUF012  Jinja's own interface

    def parse(self, parser: Parser) -> list[nodes.Node]:
        """The nodes between the two tags."""
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


class ChatTemplate:
    """One compiled template with the model's own token texts.

    Compiling is as dangerous as rendering: Jinja works out constants on the way, and they may be as large as it likes.
    """

    def __init__(self, source: str, bos_token: str, eos_token: str) -> None:
        environment = ImmutableSandboxedEnvironment(
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=[loopcontrols, Generation],
            optimized=False,
            finalize=leave_for_rendering,
        )
        environment.filters["tojson"] = to_json
        environment.globals.update(
            raise_exception=raise_exception, strftime_now=strftime_now, bos_token=bos_token, eos_token=eos_token
        )
        try:
            self._template = environment.from_string(source)
        except TEMPLATE_ERRORS as error:
            raise TemplateFailed("template_broken", describe(error)) from error

    def render(self, messages: list[dict[str, str]]) -> str:
        """The prompt up to where the answer begins; a system turn that the template cannot take joins the first user's.

        Raises TemplateFailed.
        """
        system = [message["content"].strip() for message in messages if message["role"] == "system"]
        try:
            text = self._write(messages)
        except Refused as error:
            if not system:
                raise TemplateFailed("template_refused", describe(error)) from error
        else:
            if all(content in text for content in system):
                return text
        try:
            return self._write(fold_system(messages))
        except Refused as error:
            raise TemplateFailed("template_refused", describe(error)) from error

    def _write(self, messages: list[dict[str, str]]) -> str:
        written: list[str] = []
        room = MAX_RENDERED_CHARACTERS
        variables: Mapping[str, Any] = {"messages": messages, "add_generation_prompt": True, "tools": None}
        try:
            for part in self._template.generate(variables):
                written.append(part)
                room -= len(part)
                if room < 0:
                    raise TemplateFailed("template_too_large", "")
        except Refused:
            raise
        except TEMPLATE_ERRORS as error:
            raise TemplateFailed("template_broken", describe(error)) from error
        return "".join(written)


@jinja2.pass_context
def leave_for_rendering(_context: Context, value: Any) -> Any:  # noqa: ANN401
    """Changes nothing; but what needs a context is not worked out by the compiler, even where it does not optimize."""
    return value


def fold_system(messages: list[dict[str, str]]) -> list[dict[str, str]]:
    """The turns without system turns; their text stands in front of the first user's."""
    system = "\n\n".join(message["content"] for message in messages if message["role"] == "system")
    turns = [dict(message) for message in messages if message["role"] != "system"]
    for turn in turns:
        if turn["role"] == "user":
            turn["content"] = f"{system}\n\n{turn['content']}"
            return turns
    return [{"role": "user", "content": system}, *turns]


def to_json(value: Any, indent: int | None = None, ensure_ascii: bool = False) -> str:  # noqa: ANN401
    """As the templates' authors know it: not escaped for HTML."""
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent)


def raise_exception(message: str) -> NoReturn:
    """What templates call for turns that they cannot take."""
    raise Refused(str(message))


def strftime_now(pattern: str) -> str:
    """The time now, by a strftime pattern; some templates tell the model the date."""
    return datetime.datetime.now().astimezone().strftime(pattern)


def describe(error: BaseException) -> str:
    """One line for a person."""
    return f"{type(error).__name__}: {error}".rstrip(": ")[:300]
