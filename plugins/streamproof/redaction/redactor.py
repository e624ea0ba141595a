"""Redact the lines and the session entries of fixture sets."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from functools import lru_cache, partial
from pathlib import PurePosixPath
from typing import Any

import orjson

from streamproof.redaction.json_text import edit_texts
from streamproof.redaction.rules import Path, RedactionRules, named
from streamproof.redaction.texts import Texts

# Keys of a line that belong to the form of fixture files, and their content.
_OF_THE_FORM = frozenset({"__table", "__scenario", "__expect", "__timestamp"})
_EXACT_VALUES = frozenset({"__raw", "__key", "__headers"})
# The fields of an envelope that every pack has.
_ENVELOPE = (".type", ".timestamp", ".version", ".__replay_source", ".__replay_failure_class")
_OF_A_SESSION = frozenset({"sha256", "table_counts"})
_BARE = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null|-?Infinity|NaN")
_INTEGER = re.compile(r"-?\d+")


class Redactor:
    """Replaces what identifies somebody in events, by a key.

    The same original gets the same replacement in every line, field and file, and another original another one. Lengths
    in bytes, letter case and forms stay, and so do numbers and times.
    """

    def __init__(self, rules: RedactionRules, key: bytes) -> None:
        self._rules = rules.model_copy(update={"keep": (*rules.keep, *_ENVELOPE)})
        self._texts = Texts(key, rules.keep_texts)
        self._kind = lru_cache(maxsize=16_384)(self._rules.kind_of)
        self._has_data_keys = lru_cache(maxsize=16_384)(lambda path: named(rules.keys, path))
        self._key = lru_cache(maxsize=65_536)(self._new_key)
        # A number is looked at only where a rule may replace it.
        literals = bool(rules.replace)
        self._edited = partial(edit_texts, text=self._text, key=self._key, bare=self._bare, literals=literals)

    def line(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Return the redacted line of a fixture file, given as its parsed fields, in the same order."""
        return {self._key(name, ()): self._value(value, (name,)) for name, value in fields.items()}

    def line_text(self, line: str) -> str:
        """Return the redacted line of a fixture file. Every byte stays that belongs to no replaced text."""
        return self._edited(line, ())

    def session(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Return the redacted entry of a session in a manifest. Only the last part of its `file` is replaced."""
        found = {}
        for name, value in fields.items():
            if name in _OF_A_SESSION:
                found[name] = value
            elif name == "file" and isinstance(value, str):
                path = PurePosixPath(value)
                found[name] = str(path.with_name(self.name(path.stem) + path.suffix)) if path.name else value
            else:
                found[name] = self._value(value, (name,))
        return found

    def fields(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Return other redacted fields of a manifest, without the rules of the pack: all texts but times."""
        return {name: self._all_replaced(value) for name, value in fields.items()}

    def value(self, value: bytes | None) -> bytes | None:
        """Return the redacted value of a Kafka record. What is no JSON stays no JSON, in the same way."""
        if value is None:
            return None
        try:
            text = value.decode()
        except UnicodeDecodeError:
            return self._texts.scrambled(value)
        return self._document(text).encode()

    def name(self, name: str) -> str:
        """Return the redacted name of a file, or an id."""
        return self._texts.redacted(name)

    def _all_replaced(self, value: Any) -> Any:
        match value:
            case str():
                return self._texts.redacted(value)
            case dict():
                return self.fields(value)
            case list():
                return [self._all_replaced(item) for item in value]
        return value

    def _value(self, value: Any, path: Path) -> Any:
        match value:
            case str():
                return self._text(value, path)
            case dict():
                return {self._key(name, path): self._value(item, (*path, name)) for name, item in value.items()}
            case list():
                return [self._value(item, path) for item in value]
            case int() if not isinstance(value, bool):
                return int(self._bare(str(value), path, True))
        return value

    def _text(self, text: str, path: Path) -> str:
        if path and path[0] in _OF_THE_FORM:
            return text
        if path and path[0] in _EXACT_VALUES:
            return self._exact(text, path)
        if _holds_json(text):
            return self._json(text, path)
        return self._texts.redacted(text, self._kind(path) or "replace")

    def _exact(self, text: str, path: Path) -> str:
        """Return the redacted content of `{"text": ...}` or `{"base64": ...}`; the names of headers stay."""
        if path[-1] == "text":
            return self._document(text)
        if path[-1] != "base64":
            return text
        try:
            value = self.value(base64.b64decode(text, validate=True))
        except binascii.Error:
            return self._texts.redacted(text)
        return base64.b64encode(value or b"").decode()

    def _document(self, text: str) -> str:
        """Return a redacted value as text. Broken JSON is read as far as possible."""
        if _BARE.fullmatch(text.strip()) and not _INTEGER.fullmatch(text.strip()):
            return text
        if text.lstrip()[:1] in {"{", "["} or _holds_json(text):
            return self._json(text, ())
        return self._texts.redacted(text)

    def _json(self, text: str, path: Path) -> str:
        return self._edited(text, path)

    def _new_key(self, key: str, path: Path) -> str:
        return self._texts.redacted(key) if self._has_data_keys(path) else self._texts.key(key)

    def _bare(self, word: str, path: Path, is_value: bool) -> str:
        replaced = self._kind(path) == "replace" and _INTEGER.fullmatch(word)
        return word if is_value and _BARE.fullmatch(word) and not replaced else self._texts.redacted(word)


def _holds_json(text: str) -> bool:
    """Return whether a text is a JSON document by itself: an object, an array, a text, a number or a literal."""
    if text.lstrip(" \t\r\n")[:1] not in {"{", "[", '"'}:
        return False
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True
