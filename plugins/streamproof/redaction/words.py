"""Replace single words, numbers and signs of a text by others of the same form and length.

Hexadecimal text stays hexadecimal, digits stay digits, letters stay letters. Signs that are not ASCII (emoji, accents,
symbols) stay signs. Every character keeps its number of bytes in UTF-8. Letter case survives: the replacements of `AB`
and `ab` are equal, apart from their case.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache

from streamproof.redaction.permutation import Permutation

_HEXADECIMAL = re.compile(r"(?=[a-fA-F]*[0-9])(?=[0-9]*[a-fA-F])[0-9a-fA-F]+")
_DIGITS = frozenset("0123456789")
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz")
_UNDECODABLE = "\ufffd"
_YOUNG_EMOJI = range(0x1F000, 0x1FFFE)
# The version of a UUID and its variant, as positions of its 32 digits. They stay, so that it is still a UUID.
_VERSION, _VARIANT, _UUID_DIGITS = 12, 16, 32
_LONGEST_CACHED = 64


class Words:
    """Replaces words and numbers by a key. The same word always gets the same replacement."""

    def __init__(self, key: bytes) -> None:
        self._permutation = Permutation(key)
        self._cached = lru_cache(maxsize=65_536)(self._replaced)

    def replaced(self, word: str, context: str = "") -> str:
        """Return the replacement of a word (letters and digits) or of signs. Another `context` gives another one."""
        return self._cached(word, context) if len(word) <= _LONGEST_CACHED else self._replaced(word, context)

    def context(self, text: str) -> str:
        """Return the context of the words of a text: a short text that says nothing about this one."""
        return bytes(number % 256 for number in self._permutation.numbers(_encoded(f"context {text}"), 16)).hex()

    def hexadecimal(self, text: str) -> str:
        """Return the replacement of hexadecimal digits, whether or not letters are among them."""
        values = [int(digit, 16) for digit in text]
        bases, domain = [16] * len(values), b"hex %d" % len(values)
        kept: dict[int, int] = {}
        if len(values) == _UUID_DIGITS:
            kept = {place: values[place] for place in (_VERSION, _VARIANT)}
            domain = b"uuid %d %d" % tuple(kept.values())
            for place in kept:
                values[place], bases[place] = 0, 1
        mixed = bool(_HEXADECIMAL.fullmatch(text))
        while True:
            values = self._permutation.of(values, bases, domain)
            found = "".join(f"{kept.get(place, value):x}" for place, value in enumerate(values))
            # A replacement without digits or without letters would have another form: take the next one.
            if not mixed or _HEXADECIMAL.fullmatch(found):
                return self._in_case_of(text, found)

    def octet(self, text: str) -> str:
        """Return the replacement of a number from 0 to 255, with as many digits."""
        low, high = {1: (0, 9), 2: (10, 99)}.get(len(text), (100, 255))
        (value,) = self._permutation.of([int(text) - low], [high - low + 1], b"octet %d" % len(text))
        return str(low + value)

    def scrambled(self, value: bytes) -> bytes:
        """Return the replacement of bytes that are no text. What makes them invalid UTF-8 stays where it is."""
        shifts = self._permutation.numbers(b"bytes " + value, len(value))
        found = bytearray(value)
        before = 0
        for place, (byte, shift) in enumerate(zip(value, shifts, strict=True)):
            low, size = _range_of(byte, before)
            found[place] = low + (byte - low + shift) % size
            before = byte
        return bytes(found)

    def _replaced(self, word: str, context: str) -> str:
        if not context and _HEXADECIMAL.fullmatch(word):
            return self.hexadecimal(word)
        places = [_place_of(char) for char in word]
        domain = "".join(name for name, _, _ in places)
        bases = [base for _, _, base in places]
        digits = [digit for _, digit, _ in places]
        if domain == "d" * len(word):
            # A number stays one of as many digits: its first digit is 0 only if it was.
            zero = digits[0] == 0
            domain, bases[0], digits[0] = f"{domain} {zero}", 1 if zero else 9, 0 if zero else digits[0] - 1
            found = self._permutation.of(digits, bases, _encoded(f"{domain} {context}"))
            return str(0 if zero else found[0] + 1) + "".join(map(str, found[1:]))
        found = self._permutation.of(digits, bases, _encoded(f"{domain} {context}"))
        return "".join(
            _char_at(name, digit, char) for (name, _, _), digit, char in zip(places, found, word, strict=True)
        )

    def _in_case_of(self, original: str, found: str) -> str:
        if original == original.lower():
            return found
        if original == original.upper():
            return found.upper()
        # Where letters stand says much about an address: the case of each letter is chosen anew, by the same key.
        chosen = self._permutation.numbers(b"case " + original.encode(), len(found))
        text = "".join(char.upper() if number % 2 else char for char, number in zip(found, chosen, strict=True))
        if text in {text.lower(), text.upper()}:
            first = next((place for place, char in enumerate(text) if char.isalpha()), 0)
            text = text[:first] + text[first].swapcase() + text[first + 1 :]
        return text


def is_sign(char: str) -> bool:
    """Return whether a character is a symbol, a mark on a letter, or one without a fixed meaning, and not ASCII.

    Emoji that are younger than Python's tables are among the last. U+FFFD stands for what cannot be decoded, and stays.
    """
    if char.isascii() or char.isalnum() or char == _UNDECODABLE:
        return False
    category = unicodedata.category(char)
    return category[0] in "SM" or category == "Co" or (category == "Cn" and ord(char) in _YOUNG_EMOJI)


def _encoded(text: str) -> bytes:
    return text.encode(errors="surrogatepass")


def _range_of(byte: int, before: int) -> tuple[int, int]:
    """Return the first of the bytes that may stand for this one, and their number."""
    char = chr(byte)
    if byte < 0x80:
        if char.isdigit():
            return 0x30, 10
        return (byte & 0xE0 | 1, 26) if char.isalpha() else (byte, 1)
    if byte < 0xC0:
        # After these four, UTF-8 permits a part of the range only.
        return (byte, 1) if before in {0xE0, 0xED, 0xF0, 0xF4} else (0x80, 0x40)
    return (0xC2, 0x1E) if 0xC2 <= byte < 0xE0 else (byte, 1)


def _place_of(char: str) -> tuple[str, int, int]:
    """Return the name of a character's alphabet, its position there, and the alphabet's size."""
    if char in _DIGITS:
        return "d", ord(char) - ord("0"), 10
    low = char.lower()
    if low in _LETTERS:
        return "a", ord(low) - ord("a"), 26
    kind = f"{len(char.encode())}{_class_of(char)}"
    alphabet, places = _alphabet(kind)
    return kind, places[char], len(alphabet)


def _char_at(name: str, digit: int, original: str) -> str:
    if name == "d":
        return str(digit)
    if name == "a":
        return chr(digit + (ord("A") if original.isupper() else ord("a")))
    return _alphabet(name)[0][digit]


def _class_of(char: str) -> str:
    """Return the class of a character; that of letters and digits is empty."""
    if char.isalnum():
        return ""
    if not is_sign(char):
        return "-"
    return {"M": " mark", "C": " undefined"}.get(unicodedata.category(char)[0], " sign")


@cache
def _alphabet(kind: str) -> tuple[str, dict[str, int]]:
    """Return the characters of a class with a number of bytes in UTF-8 (`3 sign`), and the position of each."""
    first, last = {"1": (0, 0x80), "2": (0x80, 0x800), "3": (0x800, 0x10000), "4": (0x10000, 0x110000)}[kind[0]]
    chars = "".join(char for char in map(chr, range(first, last)) if _class_of(char) == kind[1:])
    return chars, {char: place for place, char in enumerate(chars)}
