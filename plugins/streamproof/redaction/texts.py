"""Replace what a text says. Its form stays: separators, schemes, ports, and the length of every part in bytes.

Parts are recognised by their form wherever they stand: addresses, UUIDs, IP addresses and URLs. Everything else is
replaced word by word. So an id has the same replacement alone, inside another id, in a URL, and in free text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import ip_address
from itertools import groupby

from streamproof.redaction.rules import Kind
from streamproof.redaction.words import Words, is_sign

# Times are not redacted, neither as numbers nor as text.
_TIME = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d([.,]\d{1,9})?)?\s?(Z|UTC|[+-]\d\d:?\d\d)?")
_ALONE, _ENDS = r"(?<![^\W_])", r"(?![^\W_])"
_UUID = rf"{_ALONE}[0-9a-fA-F]{{8}}(?:-[0-9a-fA-F]{{4}}){{3}}-[0-9a-fA-F]{{12}}{_ENDS}"
_MAC = rf"{_ALONE}[0-9a-fA-F]{{2}}(?:[:-][0-9a-fA-F]{{2}}){{5}}{_ENDS}(?![:-])"
_V4 = r"(?<![\w.])(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}(?!\.?\w)"
_V6 = r"(?<![\w:])(?:[0-9a-fA-F]{0,4}:){2,7}(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F]{0,4})(?![\w:])"
_HOST = r"(?<![\w.-])(?:[\w-]++\.)++(?=[\d_-]*+[^\W\d_])[\w-]++(?=:\d{1,5}(?![\w.]))"
_FORMS = rf"""
    {_ALONE}(?P<scheme>[A-Za-z]{{2,10}}://)(?:(?P<user>[^\s/?\#@"'<>]*)@)?
        (?P<host>\[[0-9a-fA-F:.]+\]|[^\s/?\#:@"'<>\[\]]*)(?P<port>:\d{{1,5}}{_ENDS})?
    |(?P<uuid>{_UUID})
    |(?P<mac>{_MAC})
    |(?P<v6>{_V6})
    |(?P<v4>{_V4})(?P<v4_port>:\d{{1,5}}(?![\w.:]))?
    |(?P<name>{_HOST})(?P<name_port>:\d{{1,5}})
    |(?P<percent>%[0-9a-fA-F]{{2}})
    |{_ALONE}(?P<prefix>0[xX])(?P<digits>[0-9a-fA-F]++){_ENDS}
    |(?P<prose>(?<!\S)[^\W\d_]++(?=[.,;:!?]?(?:\s|\Z)))
    |(?P<word>[^\W_]++)
    |(?P<signs>[^\w\s\x00-\x7f]++)
"""
# What is replaced even in a text that stays. A version such as 1.2.3 is none of these.
_SENSITIVE = re.compile(
    rf"""{_ALONE}[A-Za-z]{{2,10}}://\S+|{_UUID}|{_MAC}|{_V6}|{_V4}|{_HOST}|[^\s@:/]{{1,64}}@[^\s@:/]++
    |{_ALONE}0[xX][0-9a-fA-F]{{16,}}{_ENDS}""",
    re.VERBOSE,
)
# Keys of objects are names of fields, and stay. These are none: they contain a long number.
_NO_FIELD_NAME = re.compile(rf"{_ALONE}(?:0[xX])?(?=[a-fA-F]*+\d)[0-9a-fA-F]{{8,}}{_ENDS}|\d{{6,}}")
_HEX_GROUP = re.compile(r"[0-9a-fA-F]+")
_LONGEST_CACHED = 256


class Texts:
    """Replaces texts by a key. `keep_texts` are words or phrases that stay, in any letter case."""

    def __init__(self, key: bytes, keep_texts: Iterable[str] = ()) -> None:
        self._words = Words(key)
        phrases = "|".join(re.escape(phrase) for phrase in sorted(keep_texts, key=len, reverse=True))
        kept = rf"(?P<kept>{_ALONE}(?i:{phrases}){_ENDS})|" if phrases else ""
        self._forms = re.compile(kept + _FORMS, re.VERBOSE)
        self._cached = lru_cache(maxsize=65_536)(self._redacted)

    def redacted(self, text: str, kind: Kind = "replace") -> str:
        """Return the replacement of a text. Each character has as many bytes in UTF-8 as the one in its place."""
        return self._cached(text, kind) if len(text) <= _LONGEST_CACHED else self._redacted(text, kind)

    def key(self, text: str) -> str:
        """Return the replacement of an object's key: the key itself, unless it has the form of an id or address."""
        if _NO_FIELD_NAME.search(text) or _SENSITIVE.search(text):
            return self.redacted(text)
        return text

    def scrambled(self, value: bytes) -> bytes:
        """Return the replacement of bytes that are no text."""
        return self._words.scrambled(value)

    def _redacted(self, text: str, kind: Kind) -> str:
        if _TIME.fullmatch(text.strip()):
            return text
        if kind == "keep":
            return _SENSITIVE.sub(lambda found: self._redacted(found[0], "replace"), text)
        # A text of one word may be an id.
        context = self._words.context(text) if kind == "text" and len(text.split(maxsplit=1)) > 1 else ""
        return self._part(text, context)

    def _part(self, text: str, context: str) -> str:
        return self._forms.sub(lambda found: self._form(found, context), text)

    def _form(self, found: re.Match[str], context: str) -> str:
        text = found[0]
        match found.lastgroup:
            case "kept":
                new = text
            case "word":
                new = self._words.replaced(text)
            case "prose":
                new = self._words.replaced(text, context)
            case "signs":
                new = self._signs(text, context)
            case "digits":
                new = found["prefix"] + self._words.hexadecimal(found["digits"])
            case "percent":
                new = self._percent(text)
            case "v6":
                new = self._v6(text)
            case "uuid" | "mac":
                new = self._grouped(text)
            case _:
                new = self._location(found)
        return new

    def _location(self, found: re.Match[str]) -> str:
        """Return the replacement of a URL up to its path, or of a host. Scheme and port stay."""
        if found["v4"]:
            return ".".join(map(self._words.octet, found["v4"].split("."))) + (found["v4_port"] or "")
        if found["name"]:
            return self._part(found["name"], "") + found["name_port"]
        user = "" if found["user"] is None else self._part(found["user"], "") + "@"
        return f"{found['scheme']}{user}{self._part(found['host'], '')}{found['port'] or ''}"

    def _signs(self, text: str, context: str) -> str:
        parts = ((sign, "".join(chars)) for sign, chars in groupby(text, is_sign))
        return "".join(self._words.replaced(part, context) if sign else part for sign, part in parts)

    def _percent(self, text: str) -> str:
        char = chr(int(text[1:], 16))
        return text if char.isascii() and not char.isalnum() else "%" + self._words.hexadecimal(text[1:])

    def _v6(self, text: str) -> str:
        try:
            ip_address(text)
        except ValueError:
            # For example a time of day.
            return re.sub(r"[^\W_]+", lambda word: self._words.replaced(word[0]), text)
        groups, dot, rest = text.rpartition(":") if "." in text else (text, "", "")
        return _HEX_GROUP.sub(lambda group: self._words.hexadecimal(group[0]), groups) + dot + self._part(rest, "")

    def _grouped(self, text: str) -> str:
        """Return the replacement of hexadecimal digits in groups. The separators stay where they are."""
        digits = iter(self._words.hexadecimal("".join(_HEX_GROUP.findall(text))))
        return "".join(next(digits) if char.isalnum() else char for char in text)
