"""Mutation operators that cosmic-ray does not have, in its operator interface: strings, arguments, columns, calls."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import parso
from cosmic_ray.operators.operator import Example, Operator

Position = tuple[tuple[int, int], tuple[int, int]]
_OPENING = frozenset("([")


def _swapped(node: Any, first: int, second: int) -> Any:
    """Exchange the text of two children, each in the place and with the white space of the other."""
    one, other = node.children[first], node.children[second]
    texts = [child.get_code(include_prefix=False) for child in (one, other)]
    node.children[first] = parso.parse(one.get_first_leaf().prefix + texts[1])
    node.children[second] = parso.parse(other.get_first_leaf().prefix + texts[0])
    return node


def _neighbours(node: Any, *, plain: bool) -> Iterator[tuple[int, int]]:
    """Yield the indexes of neighbouring items of a list with commas; `plain`: no keyword and no starred argument."""
    items = [index for index, child in enumerate(node.children) if child.type != "operator" or child.value != ","]
    for first, second in pairwise(items):
        kinds = {node.children[first].type, node.children[second].type}
        if not (plain and kinds & {"argument", "star_expr", "operator"}):
            yield first, second


class _SwapNeighbours(Operator):
    """Exchanges two neighbours of a list with commas; subclasses say which lists."""

    @abstractmethod
    def _applies(self, node: Any) -> bool:
        """Return whether neighbours of this node are exchanged."""

    def _pairs(self, node: Any) -> list[tuple[int, int]]:
        return list(_neighbours(node, plain=True)) if self._applies(node) else []

    def mutation_positions(self, node: Any) -> Iterator[Position]:
        """Yield where two neighbours stand."""
        for first, second in self._pairs(node):
            yield node.children[first].start_pos, node.children[second].end_pos

    def mutate(self, node: Any, index: int) -> Any:
        """Exchange the pair of this index."""
        return _swapped(node, *self._pairs(node)[index])


class SwapArguments(_SwapNeighbours):
    """Exchanges two neighbouring positional arguments of a call."""

    def _applies(self, node: Any) -> bool:
        return bool(node.type == "arglist" and node.parent and node.parent.type == "trailer")

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        """Return what it makes of what."""
        return (Example("f(a, b)", "f(b, a)"), Example("f(a, b, c)", "f(a, c, b)", occurrence=1))


class SwapElements(_SwapNeighbours):
    """Exchanges two neighbouring elements of a tuple or list: the columns of a row."""

    def _applies(self, node: Any) -> bool:
        if node.type != "testlist_comp" or any(child.type in {"sync_comp_for", "comp_for"} for child in node.children):
            return False
        return bool(node.parent and str(getattr(node.parent.children[0], "value", "")) in _OPENING)

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        """Return what it makes of what."""
        return (Example("x = (a, b)", "x = (b, a)"), Example("x = [1, 2, 3]", "x = [1, 3, 2]", occurrence=1))


class StringReplacer(Operator):
    """Extends or blanks a string: a key, a column's name, a constant."""

    def mutation_positions(self, node: Any) -> Iterator[Position]:
        """Yield each string twice, and a blank one once, because it cannot be blanked."""
        if node.type == "string":
            for _ in self._variants(node.value):
                yield node.start_pos, node.end_pos

    @staticmethod
    def _variants(code: str) -> list[str]:
        quote = code[-1]
        inner = code[code.index(quote) + 1 : -1]
        start = code[: code.index(quote) + 1]
        return [f"{start}{inner}_x{quote}", *([f"{start}{quote}"] if inner else [])]

    def mutate(self, node: Any, index: int) -> Any:
        """Write the variant of this index."""
        return parso.parse(node.prefix + self._variants(node.value)[index])

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        """Return what it makes of what."""
        return (Example('x = "key"', 'x = "key_x"'), Example('x = "key"', 'x = ""', occurrence=1))


class SwapBranches(Operator):
    """Exchanges the two values of a conditional expression."""

    def mutation_positions(self, node: Any) -> Iterator[Position]:
        """Yield each conditional expression."""
        if node.type == "test" and len(node.children) == 5:
            yield node.start_pos, node.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        """Exchange the values."""
        return _swapped(node, 0, 4)

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        """Return what it makes of what."""
        return (Example("x = a if c else b", "x = b if c else a"),)


class RemoveCall(Operator):
    """Drops a statement that consists only of a call."""

    def mutation_positions(self, node: Any) -> Iterator[Position]:
        """Yield each call that is a statement of its own."""
        if self._is_call(node):
            yield node.start_pos, node.end_pos

    @staticmethod
    def _is_call(node: Any) -> bool:
        if node.type not in {"atom_expr", "power"} or not node.parent or node.parent.type != "simple_stmt":
            return False
        last = node.children[-1]
        return bool(last.type == "trailer" and last.children[0].value == "(")

    def mutate(self, node: Any, index: int) -> Any:
        """Do nothing instead."""
        return parso.parse(node.get_first_leaf().prefix + "pass")

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        """Return what it makes of what."""
        return (Example("rows.append(1)\n", "pass\n"),)


OWN = {
    operator.__name__: operator for operator in (SwapArguments, SwapElements, StringReplacer, SwapBranches, RemoveCall)
}
