"""Writes JSON: the compact text of a value, and the canonical text by which documents are compared.

The contract asks for a document "serialised with sorted keys" and leaves the rest open. The reading here: no blanks,
only the escapes that JSON requires, and numbers in their shortest form (`5`, `0.1`, `1e-7`).
"""

from __future__ import annotations

import json
import re
from typing import Any

# Python's text of a number may differ from the shortest form only in the exponent.
_UNSURE = re.compile(r"\de")


def number_text(value: float) -> str:
    """Return a JSON number, or a boolean, in its shortest form."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    digits, exponent, power = repr(value).partition("e")
    if not exponent:
        return digits
    if int(power) != -5:
        return f"{digits}e{int(power):+d}"
    sign, digits = ("-", digits[1:]) if digits.startswith("-") else ("", digits)
    return f"{sign}0.0000{digits.replace('.', '')}"


def written(value: Any, *, sort_keys: bool = False) -> str:
    """Return the compact JSON text of a value."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=sort_keys)
    return _spelt_out(value, sort_keys) if _UNSURE.search(text) else text


def _spelt_out(value: Any, sort_keys: bool) -> str:
    if isinstance(value, dict):
        members = sorted(value.items()) if sort_keys else value.items()
        return "{" + ",".join(f"{_quoted(name)}:{_spelt_out(held, sort_keys)}" for name, held in members) + "}"
    if isinstance(value, list):
        return "[" + ",".join(_spelt_out(held, sort_keys) for held in value) + "]"
    if isinstance(value, int | float):
        return number_text(value)
    return _quoted(value)


def _quoted(value: str | None) -> str:
    return json.dumps(value, ensure_ascii=False)
