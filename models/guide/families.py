"""Intents that differ in one name or number lend each other their phrasings.

"Does a 70B model fit?" is asked in as many ways as "Does an 8B model fit?"; only the marker changes.
"""

import re
from dataclasses import dataclass, replace

from intents import Exchange, Question, plain


@dataclass(frozen=True, slots=True)
class Marker:
    """What sets an intent apart from its siblings: where it stands in a text, and how to write it."""

    pattern: str
    names: tuple[str, ...]


FAMILIES: tuple[dict[str, Marker], ...] = (
    {
        f"fits-{size}gb": Marker(rf"\b{size}(?= ?(?:gb|gib|gigs?|gigabytes?|g)\b)", (str(size),))
        for size in (4, 8, 16, 32, 64)
    },
    {
        "size-1b": Marker(r"\b1(?= ?(?:b|billion)\b)", ("1",)),
        "size-3b": Marker(r"\b3(?= ?(?:b|billion)\b)", ("3",)),
        "size-8b": Marker(r"\b[78](?= ?(?:b|billion)\b)", ("8", "7")),
        "size-13b": Marker(r"\b13(?= ?(?:b|billion)\b)", ("13",)),
        "size-70b": Marker(r"\b70(?= ?(?:b|billion)\b)", ("70",)),
    },
    {
        "q3-q2": Marker(r"\bq(?:3_k_m|2_k|3|2)\b", ("Q3_K_M", "Q2_K", "q3", "q2")),
        "q4-k-m": Marker(r"\bq4(?:[ _-]?k[ _-]?m)?\b", ("Q4_K_M", "q4_k_m", "q4km", "Q4")),
        "q5-k-m": Marker(r"\bq5(?:[ _-]?k[ _-]?m)?\b", ("Q5_K_M", "q5_k_m", "q5km", "Q5")),
        "q6-k": Marker(r"\bq6(?:[ _-]?k)?\b", ("Q6_K", "q6_k", "q6k", "Q6")),
        "q8-0": Marker(r"\bq8(?:[ _-]?0)?\b", ("Q8_0", "q8_0", "q80", "Q8")),
    },
    {name: Marker(rf"\b{name}\b", (name,)) for name in ("cpolar", "cloudflared", "frp", "tailscale")},
)


def with_lent_phrasings(corpus: list[Exchange], held_out: list[Question]) -> list[Exchange]:
    """The corpus, each family's members enriched with their siblings' phrasings."""
    banned = {plain(question.ask) for question in held_out}
    lent: dict[str, list[str]] = {}
    asks = {exchange.intent: exchange.ask for exchange in corpus}
    for family in FAMILIES:
        for giver in family.keys() & asks.keys():
            for taker in family.keys() - {giver}:
                lent.setdefault(taker, []).extend(
                    ask for ask in _lent(asks[giver], family, giver, taker) if plain(ask) not in banned
                )
    return [
        replace(exchange, ask=tuple(dict.fromkeys(exchange.ask + tuple(sorted(lent.get(exchange.intent, ()))))))
        for exchange in corpus
    ]


def _lent(asks: tuple[str, ...], family: dict[str, Marker], giver: str, taker: str) -> list[str]:
    given = re.compile(family[giver].pattern, re.IGNORECASE)
    names = family[taker].names
    others = [re.compile(marker.pattern, re.IGNORECASE) for intent, marker in family.items() if intent != giver]
    marked = [ask for ask in asks if given.search(ask) and not any(other.search(ask) for other in others)]
    return [given.sub(names[place % len(names)], ask) for place, ask in enumerate(marked)]
