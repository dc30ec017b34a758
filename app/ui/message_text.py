"""Makes text of people and models safe for the Markdown view of the page, without changing what is read.

That view takes HTML in Markdown as HTML. So no `<` of a message gets there, except inside plain fenced code, where it
is code for every Markdown parser. Elsewhere a stand-in from Unicode's private use area goes in its place, and
`talk.js` puts the character back into the text on the page, where it can no longer be markup.
"""

import re

STAND_INS = {ord(character): 0xE000 + ord(character) for character in "<$\\!:"}
LESS_THAN = chr(STAND_INS[ord("<")])

_NEWLINE = re.compile(r"\r\n?")
_FENCE = re.compile(r"(`{3,}(?=[^`]*$)|~{3,})")
_CODE_SPAN = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.DOTALL)
_MATH = re.compile(
    r"\$\$(?P<block>.+?)\$\$"
    r"|\\\[(?P<bracket>.+?)\\\]"
    r"|\\\((?P<parenthesis>.+?)\\\)"
    r"|(?<![\\$\w])\$(?P<dollar>[^\s$](?:[^$\n]*[^\s$\\])?)\$(?![\d$])",
    re.DOTALL,
)
_DELIMITERS = {
    "block": ("$$", "$$"),
    "bracket": (r"\[", r"\]"),
    "parenthesis": (r"\(", r"\)"),
    "dollar": (r"\(", r"\)"),
}
_OPENINGS = ("$$", r"\[", r"\(")
_PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~\n\r\t]|^ +", re.MULTILINE)


def plain(text: str) -> str:
    """Text that is shown letter by letter, with nothing in it taken as Markdown: what people write."""
    return _PUNCTUATION.sub(lambda match: "".join(f"&#{ord(character)};" for character in match[0]), text.strip())


def markdown(text: str) -> str:
    """Markdown without HTML, images and diagrams: what models write. `$x$` becomes `\\(x\\)`.

    Only a fence that begins its line is believed: inside a list it could end with the list, unseen from here.
    """
    pieces: list[str] = []
    prose: list[str] = []
    closing: re.Pattern[str] | None = None
    for line in _NEWLINE.sub("\n", text).replace("```mermaid", "```mmd").split("\n"):
        if closing is not None:
            pieces.append(_code(line))
            closing = None if closing.fullmatch(line) else closing
        elif opening := _FENCE.match(line):
            pieces += [_prose("\n".join(prose)), _code(line)] if prose else [_code(line)]
            prose.clear()
            closing = re.compile(rf" {{0,3}}{re.escape(opening[1])}[~`]* *")
        else:
            prose.append(line)
    return "\n".join([*pieces, _prose("\n".join(prose))] if prose else pieces)


def folded(title: str, text: str) -> str:
    """A text under a title that opens it, in one line, letter by letter: no fence in it can swallow what follows."""
    return f'<details class="hearth-reasoning"><summary>{plain(title)}</summary><p>{plain(text)}</p></details>'


def _code(line: str) -> str:
    """A line of fenced code. What would open a formula is hidden: the view looks for formulas in code too."""
    for opening in _OPENINGS:
        line = line.replace(opening, _hidden(opening))
    return line


def _prose(text: str) -> str:
    pieces: list[str] = []
    end = 0
    for span in _CODE_SPAN.finditer(text):
        pieces += [_formulas(text[end : span.start()]), _hidden(span[0])]
        end = span.end()
    return "".join([*pieces, _formulas(text[end:])])


def _formulas(text: str) -> str:
    pieces: list[str] = []
    end = 0
    for match in _MATH.finditer(text):
        pieces += [_words(text[end : match.start()]), _formula(match)]
        end = match.end()
    return "".join([*pieces, _words(text[end:])])


def _formula(match: re.Match[str]) -> str:
    """A formula without what would begin another one inside it, which could reach over the end of this one."""
    kind = str(match.lastgroup)
    inner = match[kind].replace("<", r"\lt ").replace("$", _hidden("$"))
    if kind in ("parenthesis", "dollar"):
        inner = inner.replace("\\[", _hidden("\\["))
    left, right = _DELIMITERS[kind]
    return left + inner + right


def _words(text: str) -> str:
    """Prose between code and formulas. Images become links: a picture from elsewhere would tell who reads.

    Link definitions are left as text, since the title of one may swallow the fence after it.
    """
    for opening in _OPENINGS:
        text = text.replace(opening, _hidden(opening))
    return text.replace("![", "[").replace("<", LESS_THAN).replace("]:", _hidden("]:"))


def _hidden(text: str) -> str:
    return text.translate(STAND_INS)
