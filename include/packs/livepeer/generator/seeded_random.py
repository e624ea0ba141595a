"""Seeded random values. Only `random()` and `getrandbits()` give the same sequence in every Python version."""

from __future__ import annotations

import random
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TypeVar

T = TypeVar("T")

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

# Shortly before the end of a day and a month, so that sessions cross an hour, a day and a month.
BASE_MS = int(datetime(2026, 2, 28, 21, 0, tzinfo=UTC).timestamp()) * SECOND


class SeededRandom:
    """A source of random ids and numbers that depends only on its seed."""

    def __init__(self, seed: int | str) -> None:
        self._random = random.Random(seed)  # noqa: S311 - reproducible by design

    def between(self, low: int, high: int) -> int:
        """Return a whole number from low to high, both included."""
        return low + int(self._random.random() * (high - low + 1))

    def around(self, centre: float, spread: float, digits: int = 2) -> float:
        """Return a number within centre ± spread."""
        return round(centre + (2 * self._random.random() - 1) * spread, digits)

    def pick(self, choices: Sequence[T]) -> T:
        """Return one of the choices."""
        return choices[self.between(0, len(choices) - 1)]

    def hex(self, digits: int) -> str:
        """Return a text of `digits` hexadecimal digits."""
        return f"{self._random.getrandbits(4 * digits):0{digits}x}"

    def uuid(self) -> str:
        """Return a version 4 UUID."""
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def wallet(self) -> str:
        """Return a wallet address in mixed case, as orchestrators advertise it."""
        return "0x" + "".join(self.pick((digit, digit.upper())) for digit in self.hex(40))
