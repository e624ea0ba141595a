"""What can be changed in a view: each operator yields the span of a text and what may stand there instead."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from sqlglot.tokens import Token, TokenType

Change = tuple[tuple[int, int], tuple[str, ...]]

_COMPARISONS = {
    "=": ("!=", ">="),
    "!=": ("=",),
    "<": ("<=", ">"),
    "<=": ("<", ">="),
    ">": (">=", "<"),
    ">=": (">", "<="),
}
_ARITHMETIC = {"+": ("-",), "-": ("+",), "*": ("+", "/"), "/": ("*",)}
_WORDS = {
    "AND": ("OR",),
    "OR": ("AND",),
    "DESC": ("ASC",),
    "ASC": ("DESC",),
    "DISTINCT": ("",),
    "FINAL": ("",),
    "NOT": ("",),
}
_JOINS = {"LEFT": ("INNER",), "INNER": ("LEFT", "RIGHT"), "FULL": ("LEFT", "INNER"), "RIGHT": ("INNER",)}
_FUNCTIONS = {
    "sum": ("max", "min"),
    "max": ("min",),
    "min": ("max",),
    "any": ("max", "min"),
    "avg": ("max", "min"),
    "argMax": ("argMin",),
    "argMin": ("argMax",),
    "greatest": ("least",),
    "least": ("greatest",),
    "uniqExact": ("count",),
    "uniqExactIf": ("sumIf", "countIf"),
    "sumIf": ("maxIf", "minIf"),
    "maxIf": ("minIf",),
    "minIf": ("maxIf",),
    "avgIf": ("maxIf",),
    "countIf": ("count", "uniqExact"),
    "uniqExactState": ("uniqExactStateIf",),
    "lower": ("upper", ""),
    "ifNull": ("nullIf",),
    "nullIf": ("ifNull",),
    "leadInFrame": ("lagInFrame",),
}
_CLAUSES = frozenset(
    {"SELECT", "FROM", "WHERE", "HAVING", "GROUP BY", "ORDER BY", "LIMIT", "UNION", "SETTINGS", "WINDOW"}
)
_JOINING = frozenset({"LEFT", "INNER", "FULL", "RIGHT", "CROSS", "ANY", "ASOF", "JOIN", "GLOBAL", "SEMI", "ANTI"})
_ENDS_A_CONDITION = _CLAUSES | _JOINING
_VALUES = frozenset({TokenType.VAR, TokenType.NUMBER, TokenType.R_PAREN, TokenType.STRING})


@dataclass(frozen=True, slots=True)
class Statement:
    """The tokens of a view's query, the text that they come from, and how deep in brackets each stands."""

    tokens: Sequence[Token]
    text: str
    depths: Sequence[int]

    @classmethod
    def of(cls, tokens: Sequence[Token], text: str) -> Statement:
        """Keep what follows the first AS: what stands before it names the view and its target."""
        first = next(index for index, token in enumerate(tokens) if word(token) == "AS") + 1
        depths, depth = [], 0
        for token in tokens[first:]:
            depth -= token.token_type is TokenType.R_PAREN
            depths.append(depth)
            depth += token.token_type is TokenType.L_PAREN
        return cls(tokens[first:], text, depths)

    def source(self, first: int, last: int) -> str:
        """Return the text from one token to another, both included."""
        return self.text[self.tokens[first].start : self.tokens[last].end + 1]

    def span(self, first: int, last: int) -> tuple[int, int]:
        """Return where the text from one token to another stands."""
        return self.tokens[first].start, self.tokens[last].end + 1

    def end_of(self, index: int, words: frozenset[str]) -> int:
        """Return the last token of what begins at a token: before one of these words, or the end of the brackets."""
        depth = self.depths[index]
        for later in range(index + 1, len(self.tokens)):
            if self.depths[later] < depth or (self.depths[later] == depth and word(self.tokens[later]) in words):
                return later - 1
        return len(self.tokens) - 1


def word(token: Token) -> str:
    """Return what a token says, in upper case when it is a word of the language."""
    return token.text.upper()


def _replacing(wanted: dict[str, tuple[str, ...]], statement: Statement) -> Iterator[tuple[int, Change]]:
    for index, token in enumerate(statement.tokens):
        if token.token_type is not TokenType.STRING and (found := wanted.get(token.text)):
            yield index, (statement.span(index, index), found)


def compare_otherwise(statement: Statement) -> Iterator[Change]:
    """Make a comparison another one; the equals signs of SETTINGS are none."""
    settings = next((i for i, token in enumerate(statement.tokens) if word(token) == "SETTINGS"), len(statement.tokens))
    yield from (change for index, change in _replacing(_COMPARISONS, statement) if index < settings)


def calculate_otherwise(statement: Statement) -> Iterator[Change]:
    """Make a sum a difference, a product a quotient."""
    for index, change in _replacing(_ARITHMETIC, statement):
        before, after = statement.tokens[index - 1], statement.tokens[index + 1]
        if before.token_type in _VALUES and after.token_type in _VALUES | {TokenType.L_PAREN}:
            yield change


def change_word(statement: Statement) -> Iterator[Change]:
    """Make AND an OR, turn an order round, lose DISTINCT, FINAL or NOT."""
    between = False
    for index, token in enumerate(statement.tokens):
        if word(token) == "AND" and between:
            between = False
            continue
        between = between or word(token) == "BETWEEN"
        if word(token) in _WORDS and token.token_type is not TokenType.STRING:
            yield statement.span(index, index), _WORDS[word(token)]


def change_function(statement: Statement) -> Iterator[Change]:
    """Make an aggregate function another one."""
    for index, change in _replacing(_FUNCTIONS, statement):
        if statement.tokens[index + 1].token_type is TokenType.L_PAREN:
            yield change


def change_join(statement: Statement) -> Iterator[Change]:
    """Make a join one of another kind."""
    for index, change in _replacing(_JOINS, statement):
        if "JOIN" in {word(token) for token in statement.tokens[index + 1 : index + 3]}:
            yield change


def change_number(statement: Statement) -> Iterator[Change]:
    """Make a number another one."""
    for index, token in enumerate(statement.tokens):
        if token.token_type is TokenType.NUMBER:
            value = float(token.text)
            near = f"{value + 1:g}" if value >= 1 or value == 0 else f"{value / 2:g}"
            yield statement.span(index, index), (near, "0" if value else "2")


def change_string(statement: Statement) -> Iterator[Change]:
    """Extend or blank a text."""
    for index, token in enumerate(statement.tokens):
        if token.token_type is TokenType.STRING:
            yield statement.span(index, index), (statement.source(index, index)[:-1] + "_x'", "''")


def lose_condition(statement: Statement) -> Iterator[Change]:
    """Lose the whole of WHERE or HAVING."""
    for index, token in enumerate(statement.tokens):
        if word(token) in {"WHERE", "HAVING"}:
            yield statement.span(index, statement.end_of(index, _ENDS_A_CONDITION - {word(token)})), ("",)


def lose_conjunct(statement: Statement) -> Iterator[Change]:
    """Lose one of several conditions of a WHERE, HAVING or ON: for a join, one of its keys."""
    for index, token in enumerate(statement.tokens):
        if word(token) not in {"WHERE", "HAVING", "ON"}:
            continue
        last, depth = statement.end_of(index, _ENDS_A_CONDITION), statement.depths[index]
        cuts = [
            i for i in range(index + 1, last) if word(statement.tokens[i]) == "AND" and statement.depths[i] == depth
        ]
        if not cuts or any(word(statement.tokens[i]) == "BETWEEN" for i in range(index, last)):
            continue
        yield statement.span(index + 1, cuts[0]), ("",)
        for first, following in pairwise([*cuts, last + 1]):
            yield statement.span(first, following - 1), ("",)


def change_column(statement: Statement) -> Iterator[Change]:
    """Read another column of the same table: one that the statement names under the same alias."""
    named: dict[str, list[int]] = defaultdict(list)
    for index in range(len(statement.tokens) - 2):
        alias, dot, column = statement.tokens[index : index + 3]
        if dot.token_type is TokenType.DOT and alias.token_type is TokenType.VAR and column.token_type is TokenType.VAR:
            named[alias.text].append(index + 2)
    for indexes in named.values():
        columns = sorted({statement.tokens[index].text for index in indexes})
        for index in indexes:
            at = columns.index(statement.tokens[index].text)
            others = tuple(dict.fromkeys((columns[at - 1], columns[(at + 1) % len(columns)])))
            if len(columns) > 1:
                yield statement.span(index, index), others


def swap_branches(statement: Statement) -> Iterator[Change]:
    """Exchange the last two arguments of if(…)."""
    for index in range(len(statement.tokens) - 1):
        if statement.tokens[index].text != "if" or statement.tokens[index + 1].token_type is not TokenType.L_PAREN:
            continue
        arguments = list(_items(statement, index + 2))
        if len(arguments) == 3:
            yield _exchange(statement, arguments[1], arguments[2])


def swap_columns(statement: Statement) -> Iterator[Change]:
    """Exchange what two neighbouring columns of a SELECT are made of; their names stay."""
    for index, token in enumerate(statement.tokens):
        if word(token) != "SELECT":
            continue
        made = []
        for first, last in _items(statement, index + 1):
            named = last - first >= 2 and word(statement.tokens[last - 1]) == "AS"
            made.append((first, last - 2) if named else None)
        for one, other in pairwise(made):
            if one and other:
                yield _exchange(statement, one, other)


def _items(statement: Statement, start: int) -> Iterator[tuple[int, int]]:
    """Yield first and last token of each item of a list with commas that begins at a token."""
    depth, first = statement.depths[start], start
    last = start if statement.depths[start] < depth else statement.end_of(start, _CLAUSES)
    for index in range(start, last + 1):
        if statement.depths[index] == depth and statement.tokens[index].token_type is TokenType.COMMA:
            yield first, index - 1
            first = index + 1
    yield first, last


def _exchange(statement: Statement, one: tuple[int, int], other: tuple[int, int]) -> Change:
    between = statement.text[statement.tokens[one[1]].end + 1 : statement.tokens[other[0]].start]
    swapped = statement.source(*other) + between + statement.source(*one)
    return statement.span(one[0], other[1]), (swapped,)


OPERATORS: tuple[Callable[[Statement], Iterator[Change]], ...] = (
    compare_otherwise,
    calculate_otherwise,
    change_word,
    change_function,
    change_join,
    change_number,
    change_string,
    lose_condition,
    lose_conjunct,
    change_column,
    swap_branches,
    swap_columns,
)
