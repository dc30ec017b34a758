"""Numbers between bounds, as GBNF expressions."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from app.worker.json_refusal import unsupported

MOST_DIGITS = 16
FRACTION = '("." [0-9]{1,15})?'
SOME_FRACTION = '"." [0-9]{0,14} [1-9]'


@dataclass(frozen=True, slots=True)
class _Span:
    """Sizes without a sign; `has_least` and `has_most`: whether the ends themselves belong to it."""

    least: int
    most: int | None
    has_least: bool = True
    has_most: bool = True


def number(schema: Mapping[str, Any], is_integer: bool) -> str:
    """A number that keeps `minimum`, `maximum`, `exclusiveMinimum` and `exclusiveMaximum`."""
    least, has_least = _bound(schema, "minimum", "exclusiveMinimum", is_integer, math.ceil, 1)
    most, has_most = _bound(schema, "maximum", "exclusiveMaximum", is_integer, math.floor, -1)
    ways: list[str] = []
    if most is None or most >= 0:
        starts_over_zero = least is not None and least >= 0
        span = _Span(least or 0, most, has_least, has_most) if starts_over_zero else _Span(0, most, True, has_most)
        ways += _ways(span, is_integer)
    if least is None or least < 0:
        ends_below_zero = most is not None and most <= 0
        span = _Span(
            -most if most is not None and ends_below_zero else 0,
            None if least is None else -least,
            has_most if ends_below_zero else True,
            has_least,
        )
        ways += [f'"-" ({way})' for way in _ways(span, is_integer)]
    if not ways:
        raise unsupported("a number between bounds that leave none")
    return " | ".join(ways)


def integers(least: int, most: int | None) -> str:
    """All whole numbers from `least` (0 or more) to `most`; None: to those of 16 digits."""
    digits = str(least)
    if most is None:
        longer = f" | [1-9] [0-9]{{{len(digits)},{MOST_DIGITS - 1}}}" if len(digits) < MOST_DIGITS else ""
        return f"({_between(digits, '9' * len(digits))}{longer})"
    ways: list[str] = []
    for length in range(len(digits), len(str(most)) + 1):
        low = max(least, 10 ** (length - 1) if length > 1 else 0)
        high = min(most, 10**length - 1)
        if low <= high:
            ways.append(_between(str(low), str(high)))
    return f"({' | '.join(ways)})"


def _bound(
    schema: Mapping[str, Any],
    word: str,
    open_word: str,
    is_integer: bool,
    whole: Callable[[float], int],
    step: int,
) -> tuple[int | None, bool]:
    """A bound as a whole number, and whether it may be reached."""
    bounds: list[tuple[int, bool]] = []
    for said, is_open in ((schema.get(word), False), (schema.get(open_word), True)):
        if said is None:
            continue
        if isinstance(said, bool) or not isinstance(said, int | float) or not abs(said) < 10**15:
            raise unsupported(f"{word} that is no number, or too large")
        if said != int(said) and not is_integer:
            raise unsupported(f"{word} that is not whole, for a number that need not be whole")
        value = int(whole(said))
        if is_integer and is_open and said == value:
            value += step
        bounds.append((value, not is_open or is_integer))
    if not bounds:
        return None, True
    # The narrower one holds; of two equal ones, the one that may not be reached.
    return max(bounds, key=lambda bound: (bound[0] * step, not bound[1]))


def _ways(span: _Span, is_integer: bool) -> list[str]:
    if span.most is not None and span.least > span.most:
        return []
    if is_integer:
        return [integers(span.least, span.most)]
    ways: list[str] = []
    if span.has_least and (span.most is None or span.least < span.most or span.has_most):
        ways.append(f'{integers(span.least, span.least)} ("." "0"{{1,15}})?')
    if span.most is None or span.least < span.most:
        ways.append(f"{integers(span.least, span.least)} {SOME_FRACTION}")
    if span.most is None or span.least + 1 < span.most:
        ways.append(f"{integers(span.least + 1, None if span.most is None else span.most - 1)} {FRACTION}")
    if span.most is not None and span.least < span.most and span.has_most:
        ways.append(f'{integers(span.most, span.most)} ("." "0"{{1,15}})?')
    return ways


def _between(low: str, high: str) -> str:
    """All numbers of as many digits, from one to the other."""
    if low == high:
        return f'"{low}"'
    rest = len(low) - 1
    if rest == 0:
        return f"[{low}-{high}]"
    if low[0] == high[0]:
        return f'"{low[0]}" ({_between(low[1:], high[1:])})'
    first, last = int(low[0]), int(high[0])
    ways: list[str] = []
    if low[1:] != "0" * rest:
        ways.append(f'"{first}" ({_between(low[1:], "9" * rest)})')
        first += 1
    ends_full = high[1:] == "9" * rest
    if first <= (last if ends_full else last - 1):
        ways.append(f"[{first}-{last if ends_full else last - 1}] [0-9]{{{rest}}}")
    if not ends_full:
        ways.append(f'"{last}" ({_between("0" * rest, high[1:])})')
    return " | ".join(ways)
