"""What of a message reaches the Markdown view. That nothing of it is markup there is seen in `browser/test_page.py`."""

import pytest

from app.ui.message_text import LESS_THAN, STAND_INS, markdown, plain

DOLLAR, BACKSLASH = chr(STAND_INS[ord("$")]), chr(STAND_INS[ord("\\")])


def test_html_in_prose_keeps_no_less_than_sign() -> None:
    assert markdown("a <b>bold</b> word") == f"a {LESS_THAN}b>bold{LESS_THAN}/b> word"


def test_fenced_code_is_kept_as_it_is() -> None:
    text = "Look:\n```html\n<b>bold</b>\n\n    <i>\n```\nDone."
    assert markdown(text) == text


def test_code_span_keeps_no_less_than_sign() -> None:
    assert markdown("use `<br>` here") == f"use `{LESS_THAN}br>` here"


@pytest.mark.parametrize(
    "text",
    [
        "- item\n\n  ```\n<b>",
        "x\u2028```\n<b>",
        "    ```\n<b>",
        "```\ncode\n```\n<b>",
        "```\ncode\n````~  \n<b>",
        "~~~\ncode\n~~~\n<b>",
        "> ```\n<b>",
        "``` not ` a fence\n<b>",
    ],
)
def test_html_outside_of_sure_fences_is_disarmed(text: str) -> None:
    assert f"{LESS_THAN}b>" in markdown(text)


def test_unfinished_fence_of_a_running_answer_is_code() -> None:
    assert markdown("```c\nif (a < b") == "```c\nif (a < b"


def test_formula_cannot_reach_over_a_fence() -> None:
    shown = markdown("cost $$ here\n```sh\necho $$ \\(x\n```\nand $$ there")
    assert "$$" not in shown
    assert "\\(" not in shown


def test_definition_of_a_link_cannot_swallow_a_fence() -> None:
    assert "]:" not in markdown('[a]: b "\n```\n"\n<b>\n```')


def test_diagram_is_shown_as_code() -> None:
    assert markdown("```mermaid\nA --> B\n```") == "```mmd\nA --> B\n```"


def test_image_becomes_a_link() -> None:
    assert markdown("![me](https://example.org/x.png)") == "[me](https://example.org/x.png)"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("so $x<y$ holds", "so \\(x\\lt y\\) holds"),
        ("$$a<b$$", "$$a\\lt b$$"),
        ("it costs $5 and $10", "it costs $5 and $10"),
        ("`$HOME` and $PATH", f"`{DOLLAR}HOME` and $PATH"),
        ("\\(a\\) then", "\\(a\\) then"),
        ("\\(a [$$] b\\)", f"\\(a [{DOLLAR}{DOLLAR}] b\\)"),
    ],
)
def test_formulas_and_prices_are_told_apart(text: str, shown: str) -> None:
    assert markdown(text) == shown


def test_what_people_write_has_no_markdown() -> None:
    assert plain("# Hi\n  *you*") == "&#35; Hi&#10;&#32;&#32;&#42;you&#42;"


def test_letters_of_all_scripts_stay() -> None:
    assert plain("你好 wörld 😀") == "你好 wörld 😀"
    assert markdown("你好 wörld 😀\n") == "你好 wörld 😀\n"
