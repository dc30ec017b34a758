"""Turns a code and its values into a sentence in a reader's language. Knows no error class and no HTTP."""

from collections.abc import Mapping

from app.words.en import accounts as en_accounts
from app.words.en import chat as en_chat
from app.words.en import console as en_console
from app.words.en import engine as en_engine
from app.words.en import model_options as en_model_options
from app.words.en import pages as en_pages
from app.words.en import system as en_system
from app.words.en import weights as en_weights
from app.words.zh_cn import accounts as zh_accounts
from app.words.zh_cn import chat as zh_chat
from app.words.zh_cn import console as zh_console
from app.words.zh_cn import engine as zh_engine
from app.words.zh_cn import model_options as zh_model_options
from app.words.zh_cn import pages as zh_pages
from app.words.zh_cn import system as zh_system
from app.words.zh_cn import weights as zh_weights

ENGLISH = "en"
CHINESE = "zh-CN"

SENTENCES: Mapping[str, Mapping[str, str]] = {
    ENGLISH: {
        **en_accounts.SENTENCES,
        **en_chat.SENTENCES,
        **en_console.SENTENCES,
        **en_engine.SENTENCES,
        **en_model_options.SENTENCES,
        **en_pages.SENTENCES,
        **en_system.SENTENCES,
        **en_weights.SENTENCES,
    },
    CHINESE: {
        **zh_accounts.SENTENCES,
        **zh_chat.SENTENCES,
        **zh_console.SENTENCES,
        **zh_engine.SENTENCES,
        **zh_model_options.SENTENCES,
        **zh_pages.SENTENCES,
        **zh_system.SENTENCES,
        **zh_weights.SENTENCES,
    },
}


def say(code: str, params: Mapping[str, object], language: str = ENGLISH) -> str:
    """The sentence for `code` in `language`; English where the language has none.

    Raises KeyError for a code that no language knows: a programming error that the tests look for.
    """
    sentences = SENTENCES.get(language, SENTENCES[ENGLISH])
    return sentences.get(code, SENTENCES[ENGLISH][code]).format(**params)


def best_language(accept_language: str) -> str:
    """The language of ours that suits an Accept-Language header best; English when none does."""
    for part in accept_language.split(","):
        tag = part.split(";")[0].strip().lower()
        if tag.startswith("zh"):
            return CHINESE
        if tag.startswith("en"):
            return ENGLISH
    return ENGLISH
