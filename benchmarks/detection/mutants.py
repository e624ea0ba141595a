"""What a mutant is, and which ones a seed draws."""

from __future__ import annotations

import difflib
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

PYTHON, SQL = "python", "sql"


@dataclass(frozen=True, slots=True)
class Mutant:
    """One file of include/ with one change. `path` is relative to include/; `line` is where it changes, from 1."""

    path: str
    operator: str
    line: int
    original: str
    mutated: str

    @property
    def kind(self) -> str:
        """Return `python` or `sql`."""
        return PYTHON if self.path.endswith(".py") else SQL

    @property
    def module(self) -> str:
        """Return what figures are added up by: a module or folder of the processor, or a file of the schema."""
        parts = self.path.removesuffix(".py").removesuffix(".sql.j2").split("/")
        return parts[2] if self.kind == PYTHON else f"sql/{parts[-1]}"

    def diff(self) -> str:
        """Return the change as a unified diff."""
        lines = [text.splitlines(keepends=True) for text in (self.original, self.mutated)]
        found = difflib.unified_diff(*lines, f"a/include/{self.path}", f"b/include/{self.path}", n=1)
        return "".join(line if line.endswith("\n") else f"{line}\n" for line in found)


@dataclass(frozen=True, slots=True)
class MutationPoint:
    """A location that one kind of operator can change. Each way returns the mutated file, None if it is invalid."""

    path: str
    line: int
    original: str
    ways: Sequence[tuple[str, Callable[[], str | None]]]


def draw(points: Sequence[MutationPoint], seed: int) -> Iterator[Mutant]:
    """Yield one mutant of each location, in an order that depends only on the seed.

    A location counts once, however many changes are possible: a comparison that can become seven others is drawn with
    the same probability as a string.
    """
    rng = random.Random(seed)
    for point in rng.sample(points, len(points)):
        for operator, mutate in rng.sample(point.ways, len(point.ways)):
            mutated = mutate()
            if mutated is not None:
                yield Mutant(point.path, operator, point.line, point.original, mutated)
                break
