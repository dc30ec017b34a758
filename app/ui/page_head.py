"""Our part of the page's head: style, scripts and words, read from `static/` once, when the page is built."""

import html
import re
from collections.abc import Mapping
from importlib import resources

import msgspec

from app.words.say import ENGLISH, SENTENCES

SCRIPTS = ("first.js", "stream.js", "store.js", "side.js", "bar.js", "notes.js", "composer.js")
# Gradio's page names its makers and their pictures for search engines; nobody looks for a Hearth there.
_SOCIAL = re.compile(r'<meta\s+(?:property|name)="(?:og|twitter):[^>]*>\s*', re.DOTALL)


class PageHead:
    """What is put into the page of each visitor."""

    def __init__(self, style: str, scripts: str, icon: str) -> None:
        self._style = style
        self._scripts = scripts
        self._icon = icon

    def put_into(self, page: str, language: str) -> str:
        """The page with our head first, in the visitor's language."""
        words = msgspec.json.encode({"language": language, "words": _page_words(language)}).decode()
        head = (
            f'<link rel="icon" href="data:image/svg+xml,{html.escape(_percent(self._icon))}">'
            f"<script>const hearthWords = {words.replace('<', chr(92) + 'u003c')};\n{self._scripts}</script>"
        )
        # Gradio adds its own styles to the head, at any time; those in the body come after them, and so prevail.
        splash = f'<style>{self._style}</style><div id="hearth-splash" aria-hidden="true"></div>'
        page = _SOCIAL.sub("", page).replace('lang="en"', f'lang="{language}"', 1).replace("<head>", f"<head>{head}", 1)
        return re.sub(r"<body[^>]*>", lambda body: body[0] + splash, page, count=1)


def read_page_head() -> PageHead:
    """The head, from the package's files."""
    static = resources.files("app.ui") / "static"
    scripts = "\n".join((static / name).read_text(encoding="utf-8") for name in SCRIPTS)
    style = (static / "page.css").read_text(encoding="utf-8")
    return PageHead(style, scripts, (static / "icon.svg").read_text(encoding="utf-8"))


def _page_words(language: str) -> Mapping[str, str]:
    """The sentences that the scripts say themselves: those whose code begins with `page_`."""
    codes = [code for code in SENTENCES[ENGLISH] if code.startswith("page_")]
    return {code: SENTENCES[language].get(code, SENTENCES[ENGLISH][code]) for code in codes}


def _percent(text: str) -> str:
    return text.strip().replace("%", "%25").replace("#", "%23").replace('"', "'").replace("\n", " ")
