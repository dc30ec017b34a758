"""How a model is asked for a summary, and how one is put into a prompt. Asked in the language of the chat."""

import unicodedata

from app.words.say import CHINESE, ENGLISH, say
from app.worker.messages import Turn

# Few Latin letters make a Chinese text longer: names and code are written in them.
CHINESE_SHARE = 0.2


def ask_for_summary(text: str) -> Turn:
    """The request for a summary, in the language of `text`."""
    return Turn("user", say("summary_ask", {}, language_of(text)))


def summary_turns(summary: str) -> tuple[Turn, Turn]:
    """A summary as an exchange of its own, as if the person had asked for it; in few words, for it takes up room."""
    return Turn("user", say("summary_asked", {}, language_of(summary))), Turn("assistant", summary)


def language_of(text: str) -> str:
    """Chinese where a good part of the letters is; English else. The question itself asks for the chat's language."""
    letters = [letter for letter in text if letter.isalpha()]
    num_chinese = sum(unicodedata.name(letter, "").startswith("CJK UNIFIED") for letter in letters)
    return CHINESE if num_chinese > CHINESE_SHARE * len(letters) else ENGLISH
