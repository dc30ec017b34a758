"""Follows a grammar along a text that grows token by token: what may come next, and whether it may end here.

A place in a grammar is a stack of nodes that are still to come; a state is the set of all places where the text so
far can be. States and the steps between them are remembered, so that known ground costs one look-up a character.
All work is bounded: a grammar that is too ambiguous to follow ends in TooAmbiguous, never in a hang.
"""

from app.worker.gbnf import Characters, Choice, Grammar, Reference, Repeat, Sequence

# A grammar for JSON has one to twenty places in a state.
MAX_PLACES = 5_000
MAX_WORK = 60_000
MAX_CELLS = 200_000
MAX_STATES = 20_000
MAX_HELD_PLACES = 500_000
END = 0


class TooAmbiguous(Exception):
    """There are more ways to read the text than can be followed."""


class State:
    """Where the text so far can be. `places` are cells whose top is a character; `can_end`: also behind the end.

    `single` are the stacks behind each place that takes one certain character, `others` those behind all other places.
    """

    __slots__ = ("can_end", "first_bytes", "others", "places", "single", "steps")

    def __init__(self, places: frozenset[int]) -> None:
        self.can_end = END in places
        self.places = tuple(sorted(places - {END}))
        self.single: dict[int, list[int]] = {}
        self.others: list[tuple[Characters, int]] = []
        self.steps: dict[int, State | None] = {}
        self.first_bytes: frozenset[int] | None = None

    def add(self, top: Characters, rest: int) -> None:
        """What a place takes, and where that leads."""
        ranges = top.ranges
        if not top.is_negated and len(ranges) == 1 and ranges[0][0] == ranges[0][1]:
            self.single.setdefault(ranges[0][0], []).append(rest)
        else:
            self.others.append((top, rest))


class Matcher:
    """The states of one grammar, made when they are first come to."""

    def __init__(self, grammar: Grammar) -> None:
        self._nodes = grammar.nodes
        self._rules = grammar.rules
        self._work = MAX_WORK
        self._forget()
        self.start = self._state([self._cell(grammar.root_node, END)])

    def refresh(self, state: State) -> State:
        """To be called before each token: there is work to spend again. Forgets all but `state` when it knows much."""
        self._work = MAX_WORK
        is_small = self._num_held < MAX_HELD_PLACES
        if is_small and len(self._cells) < MAX_CELLS and len(self._states) < MAX_STATES:
            return state
        old = self._cells
        self._forget()
        return self._state([self._copy(old, cell) for cell in (*state.places, *([END] if state.can_end else []))])

    def step(self, state: State, character: int) -> State | None:
        """The state behind one more character; None when it may not come. Raises TooAmbiguous."""
        try:
            return state.steps[character]
        except KeyError:
            pass
        self._spend(len(state.others) + 1)
        behind = state.single.get(character, []) + [rest for top, rest in state.others if top.take(character)]
        following = self._state(behind) if behind else None
        state.steps[character] = following
        return following

    def can_step(self, state: State, first: int, last: int) -> bool:
        """Whether one of these characters may come."""
        if any(first <= character <= last for character in state.single):
            return True
        return any(top.take_one_of(first, last) for top, _ in state.others)

    def _state(self, cells: list[int]) -> State:
        """The state of all places that the stacks lead to."""
        waiting = list(cells)
        seen = set(waiting)
        places: set[int] = set()
        while waiting:
            self._spend(1)
            cell = waiting.pop()
            node, rest = self._cells[cell]
            if cell == END or isinstance(self._nodes[node], Characters):
                places.add(cell)
                if len(places) > MAX_PLACES:
                    raise TooAmbiguous
                continue
            for following in self._opened(node, rest):
                if following not in seen:
                    seen.add(following)
                    waiting.append(following)
        key = frozenset(places)
        state = self._states.get(key)
        if state is None:
            state = self._states[key] = State(key)
            self._num_held += len(key)
            for place in state.places:
                node, rest = self._cells[place]
                top = self._nodes[node]
                assert isinstance(top, Characters)
                state.add(top, rest)
        return state

    def _opened(self, number: int, rest: int) -> list[int]:
        """The stacks that a node on top of `rest` stands for."""
        match self._nodes[number]:
            case Sequence(parts):
                self._spend(len(parts))
                for part in reversed(parts):
                    rest = self._cell(part, rest)
                return [rest]
            case Choice(parts):
                self._spend(len(parts))
                return [self._cell(part, rest) for part in parts]
            case Reference(rule):
                return [self._cell(self._rules[rule], rest)]
            case Repeat(part, least, most):
                return self._repeated(part, least, most, rest)
            case Characters():
                raise AssertionError("a character is not opened")

    def _repeated(self, part: int, least: int, most: int | None, rest: int) -> list[int]:
        if most == 0:
            return [rest]
        fewer = self._nodes.add(Repeat(part, max(0, least - 1), None if most is None else most - 1))
        again = self._cell(part, self._cell(fewer, rest))
        return [again] if least > 0 else [again, rest]

    def _cell(self, node: int, rest: int) -> int:
        """The stack with `node` on top of `rest`; equal stacks are one cell."""
        key = (node, rest)
        cell = self._numbers.setdefault(key, len(self._cells))
        if cell == len(self._cells):
            self._cells.append(key)
        return cell

    def _copy(self, old: list[tuple[int, int]], cell: int) -> int:
        """A stack of the old cells among the new ones."""
        nodes: list[int] = []
        while cell != END:
            node, cell = old[cell]
            nodes.append(node)
        for node in reversed(nodes):
            cell = self._cell(node, cell)
        return cell

    def _spend(self, work: int) -> None:
        self._work -= work
        if self._work < 0:
            raise TooAmbiguous

    def _forget(self) -> None:
        self._cells: list[tuple[int, int]] = [(-1, END)]
        self._numbers: dict[tuple[int, int], int] = {}
        self._states: dict[frozenset[int], State] = {}
        self._num_held = 0
