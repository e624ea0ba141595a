"""Reading single JSON values: times, texts, wallets and FPS figures, each by one rule."""

from __future__ import annotations

import math
import struct
from datetime import UTC, datetime, timedelta
from typing import Any

# 9999-12-31T23:59:59.999Z: a later time cannot be written as ISO-8601 and is no time at all.
MAX_EPOCH_MS = 253_402_300_799_999

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def epoch_ms(value: Any) -> int | None:
    """Return Unix epoch milliseconds from a JSON number or a string of ASCII digits; None for anything else.

    Fractions are cut off; negative numbers and times after the year 9999 are not times.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        digits = value.strip()
        # The length guard comes before int(): a text of many thousand digits is no time either.
        number = int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 32 else -1
    elif isinstance(value, int):
        number = value
    elif isinstance(value, float) and math.isfinite(value) and value >= 0:
        number = int(value)
    else:
        return None
    return number if 0 <= number <= MAX_EPOCH_MS else None


def positive_ms(value: Any) -> int | None:
    """Return epoch milliseconds as `epoch_ms` does, but None for 0: an unset clock, not the year 1970."""
    return epoch_ms(value) or None


def text(value: Any) -> str:
    """Return a JSON scalar as text, as written; null, objects and arrays give the empty text."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else ""


def trimmed(value: Any) -> str:
    """Return a JSON scalar as text without white space at its ends."""
    return text(value).strip()


def folded(value: Any) -> str:
    """Return a wallet or URL in the form in which spellings are compared: trimmed, lower case, blank when absent."""
    return trimmed(value).lower()


def section(value: Any, key: str) -> dict[str, Any]:
    """Return the JSON object under a key of an object; an empty one when there is none."""
    inner = value.get(key) if isinstance(value, dict) else None
    return inner if isinstance(inner, dict) else {}


def stored_float(value: Any) -> float:
    """Return a JSON number as a 32-bit float column holds it; whatever is not a finite number counts as 0."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0.0
    try:
        (narrow,) = struct.unpack("<f", struct.pack("<f", value))
    except (OverflowError, struct.error):
        return 0.0
    return float(narrow) if math.isfinite(narrow) else 0.0


def iso(milliseconds: int | None) -> str | None:
    """Render Unix epoch milliseconds as ISO-8601 UTC with exactly three decimals and a Z; None stays None."""
    if milliseconds is None:
        return None
    return iso_time(_EPOCH + timedelta(milliseconds=milliseconds))


def iso_time(moment: datetime) -> str:
    """Render a time as ISO-8601 UTC with exactly three decimals and a Z; one without a zone is UTC."""
    aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return aware.isoformat(timespec="milliseconds").replace("+00:00", "Z")
