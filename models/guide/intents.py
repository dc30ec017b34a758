"""Reads the corpus: intents with their phrasings, answers and follow-ups, from TOML files."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Exchange:
    """One thing a person may want to know: its phrasings and its answers."""

    intent: str
    ask: tuple[str, ...]
    answer: tuple[str, ...]
    follow: tuple["Exchange", ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """A held-out question and the intents whose answer is right."""

    ask: str
    intents: tuple[str, ...]


def load_corpus(folder: Path, held_out: list[Question]) -> list[Exchange]:
    """Every intent of the folder, sorted by id, without the phrasings held out for evaluation."""
    banned = {plain(question.ask) for question in held_out}
    tables = [table for path in sorted(folder.glob("*.toml")) for table in _tables(path, "intent")]
    exchanges = [_exchange(table["id"], table, banned) for table in tables]
    return sorted(_merged(exchanges), key=lambda exchange: exchange.intent)


def load_questions(paths: list[Path]) -> list[Question]:
    """The questions of evaluation files."""
    return [_question(table) for path in paths for table in _tables(path, "question")]


def all_exchanges(corpus: list[Exchange]) -> Iterator[Exchange]:
    """Every intent and after it its follow-ups."""
    for exchange in corpus:
        yield exchange
        yield from exchange.follow


def all_texts(corpus: list[Exchange]) -> Iterator[str]:
    """Every text of the corpus, for the tokenizer."""
    for exchange in all_exchanges(corpus):
        yield from exchange.ask
        yield from exchange.answer


def plain(text: str) -> str:
    """Text reduced to its words, to compare phrasings regardless of case and punctuation."""
    return " ".join(re.findall(r"\w+", text.lower()))


def _tables(path: Path, name: str) -> list[dict[str, Any]]:
    tables: list[dict[str, Any]] = tomllib.loads(path.read_text("utf-8")).get(name, [])
    return tables


def _merged(exchanges: list[Exchange]) -> list[Exchange]:
    """An intent that stands in two files becomes one, with the phrasings and answers of both."""
    by_intent: dict[str, Exchange] = {}
    for exchange in exchanges:
        before = by_intent.get(exchange.intent)
        if before is not None:
            exchange = Exchange(
                exchange.intent,
                tuple(dict.fromkeys(before.ask + exchange.ask)),
                before.answer + exchange.answer,
                before.follow + exchange.follow,
            )
        by_intent[exchange.intent] = exchange
    return list(by_intent.values())


def _exchange(intent: str, table: dict[str, Any], banned: set[str]) -> Exchange:
    kept = {plain(ask): ask.strip() for ask in table["ask"] if plain(ask) not in banned}
    follow = tuple(
        _exchange(f"{intent}/{number}", inner, banned) for number, inner in enumerate(table.get("follow", []), start=1)
    )
    answers = tuple(answer.strip() for answer in table["answer"])
    return Exchange(intent, tuple(kept.values()), answers, follow)


def _question(table: dict[str, Any]) -> Question:
    intent = table["intent"]
    return Question(table["ask"], tuple([intent] if isinstance(intent, str) else intent))
