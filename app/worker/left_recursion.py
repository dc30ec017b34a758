"""Finds rules that may begin with themselves: whoever follows them never comes to a first character."""

from app.worker.gbnf import Characters, Choice, Grammar, Reference, Repeat, Sequence, invalid

MAX_LOOKS = 500_000


def refuse_left_recursion(grammar: Grammar) -> None:
    """Raises InvalidInput("grammar_invalid", detail=)."""
    emptiness = _Emptiness(grammar)
    edges = [_first_rules(grammar, body, emptiness) for body in grammar.rules]
    finished: set[int] = set()
    for start in range(len(edges)):
        path: dict[int, list[int]] = {}
        if start not in finished:
            path[start] = list(edges[start])
        while path:
            rule, rest = next(reversed(path.items()))
            if not rest:
                finished.add(rule)
                del path[rule]
            elif (following := rest.pop()) in path:
                raise invalid("a rule begins with itself (left recursion)")
            elif following not in finished:
                path[following] = list(edges[following])


class _Emptiness:
    """Which nodes may be nothing at all."""

    def __init__(self, grammar: Grammar) -> None:
        self._grammar = grammar
        self._rules: set[int] = set()
        self._num_looks = 0
        numbers = list(range(len(grammar.rules)))
        num_known = -1
        while num_known < len(self._rules):
            num_known = len(self._rules)
            # To and fro: rules mostly stand before all that they use, or behind it.
            for number in [*numbers, *reversed(numbers)]:
                if number not in self._rules and self.of(grammar.rules[number]):
                    self._rules.add(number)

    def of(self, number: int) -> bool:
        """Whether this node may be empty."""
        self._num_looks += 1
        if self._num_looks > MAX_LOOKS:
            raise invalid("its rules are too entangled")
        match self._grammar.nodes[number]:
            case Characters():
                return False
            case Sequence(parts):
                return all(self.of(part) for part in parts)
            case Choice(parts):
                return any(self.of(part) for part in parts)
            case Reference(rule):
                return rule in self._rules
            case Repeat(part, least, _):
                return least == 0 or self.of(part)


def _first_rules(grammar: Grammar, number: int, emptiness: _Emptiness) -> set[int]:
    """The rules that a node may begin with."""
    match grammar.nodes[number]:
        case Characters():
            return set()
        case Choice(parts):
            return set().union(*(_first_rules(grammar, part, emptiness) for part in parts))
        case Reference(rule):
            return {rule}
        case Repeat(part, _, _):
            return _first_rules(grammar, part, emptiness)
        case Sequence(parts):
            first: set[int] = set()
            for part in parts:
                first |= _first_rules(grammar, part, emptiness)
                if not emptiness.of(part):
                    break
            return first
