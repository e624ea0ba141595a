"""Find which rows of A and B are the same row with other values."""

from __future__ import annotations

from collections.abc import Sequence

Values = Sequence[str | None]


def paired(one: Sequence[Values], other: Sequence[Values]) -> list[tuple[int, int]]:
    """Return pairs of indexes of rows that differ in at most half of their columns, those that differ least first.

    A row is in at most one pair. Rows of two tables may have no key in common that we know of, so this is a guess for
    a reader: nothing is counted by it.
    """
    candidates = sorted(
        (differing, place, against)
        for place, row in enumerate(one)
        for against, its in enumerate(other)
        if 2 * (differing := sum(a != b for a, b in zip(row, its, strict=True))) <= len(row)
    )
    left, right, found = set(range(len(one))), set(range(len(other))), []
    for _, place, against in candidates:
        if place in left and against in right:
            left.remove(place)
            right.remove(against)
            found.append((place, against))
    return found
