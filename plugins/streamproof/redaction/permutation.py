"""A keyed permutation of short texts: each text of a form has one replacement of the same form, and no two share one.

It is a Feistel network with HMAC-SHA256 as its round function, over digits of any bases. A plain hash cut to the length
of a short id would give two ids the same replacement.
"""

from __future__ import annotations

import hmac
import struct
from collections.abc import Sequence

_ROUNDS = 4
_DIGEST = 32


class Permutation:
    """The permutations that a key selects."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def of(self, digits: Sequence[int], bases: Sequence[int], domain: bytes) -> list[int]:
        """Return the replacement of a sequence of digits; each digit is below its base, and so is its replacement.

        `domain` separates permutations: it names the form of the text.
        """
        half = len(digits) // 2
        parts = [list(digits[:half]), list(digits[half:])]
        part_bases = [bases[:half], bases[half:]]
        for number in range(_ROUNDS):
            side = number % 2
            other = parts[1 - side]
            message = b"%b\0%d\0%b" % (domain, number, struct.pack(f"<{len(other)}I", *other))
            parts[side] = [
                (digit + shift) % base
                for digit, shift, base in zip(
                    parts[side], self.numbers(message, len(parts[side])), part_bases[side], strict=True
                )
            ]
        return parts[0] + parts[1]

    def numbers(self, message: bytes, count: int) -> tuple[int, ...]:
        """Return pseudo-random numbers of 16 bits that depend on the message and the key."""
        blocks = -(-count * 2 // _DIGEST)
        seed = hmac.digest(self._key, message, "sha256")
        stream = (
            seed
            if blocks <= 1
            else b"".join(hmac.digest(self._key, seed + struct.pack("<I", block), "sha256") for block in range(blocks))
        )
        return struct.unpack(f"<{count}H", stream[: count * 2])
