"""Fills the few pages of our own, in `pages/`, with values and with words in the reader's language."""

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from app.words.say import say

PAGES = Path(__file__).parent / "pages"


def render(name: str, language: str, /, **values: object) -> str:
    """The page `pages/{name}`. Everything that is filled in is escaped; `t(code, …)` gives words."""

    def words(code: str, **params: object) -> str:
        return say(code, params, language)

    return _environment().get_template(name).render(t=words, language=language, **values)


@cache
def _environment() -> Environment:
    loader = FileSystemLoader(PAGES, encoding="utf-8")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
