"""Readers of single JSON values: times, texts, wallets and FPS figures."""

from __future__ import annotations

import json
import math
import struct
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from packs.livepeer.oracle.canonical import number_text

# 2149-06-06T23:59:59.999Z, the end of the warehouse's Date type. A record with a later time is rejected.
LAST_MS = 5_662_310_399_999
# A number beyond 64 bits is not a time.
_MAX_INT64 = (1 << 63) - 1
# A start time up to 2000-01-01T00:00:00Z is a producer's default value and counts as absent.
NO_START_MS = 946_684_800_000

# The white space of JSON. All other invisible characters count as text.
BLANKS = " \t\n\r"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def epoch_ms(value: Any) -> int | None:
    """Return Unix epoch milliseconds from a JSON number or a string of ASCII digits; None for anything else.

    Fractions are cut off; negative numbers and those beyond 64 bits are not times.
    """
    if type(value) is int:
        number = value
    elif type(value) is str:
        digits = value.strip(BLANKS)
        significant = digits.lstrip("0") or "0"
        # The length is checked before int(), which is slow for thousands of digits and refuses very long texts.
        number = int(significant) if len(significant) < 32 and digits.isascii() and digits.isdigit() else -1
    elif type(value) is float and math.isfinite(value):
        number = int(value)
    else:
        return None
    return number if 0 <= number <= _MAX_INT64 else None


def event_time(value: Any) -> int | None:
    """Return the time of an envelope in Unix epoch milliseconds; None for 0, which producers send for unknown."""
    return epoch_ms(value) or None


def event_id(value: Any) -> str:
    """Return the id of an envelope as received; the empty text for one that is not text or has only blanks."""
    return value if isinstance(value, str) and value.strip(BLANKS) else ""


def text(value: Any) -> str:
    """Return a JSON scalar as text, as written; null, objects and arrays give the empty text."""
    if isinstance(value, str):
        return value
    return number_text(value) if isinstance(value, int | float) else ""


def free_text(value: Any) -> str | None:
    """Return free text. A structure becomes its JSON text, and None stays None."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


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


def session_id(stream: str, request: str, event_id: str) -> str:
    """Return the workflow session id of two trimmed parts. When both are blank, it is made from the event id."""
    if stream or request:
        return f"{stream or '_missing_stream'}|{request or '_missing_request'}"
    return f"_missing_stream|_missing_request|{event_id or '_missing_event'}"


def number(value: Any) -> float:
    """Return a JSON number; an absent one counts as 0."""
    return 0.0 if value is None else float(value)


def stored_float(value: float) -> float:
    """Return a number as a 32-bit float column stores it."""
    (narrow,) = struct.unpack("<f", struct.pack("<f", value))
    return float(narrow)


@lru_cache(maxsize=4096)
def iso(milliseconds: int | None) -> str | None:
    """Render Unix epoch milliseconds as ISO-8601 UTC with exactly three decimals and a Z; None stays None."""
    return None if milliseconds is None else iso_moment(milliseconds)


def iso_moment(milliseconds: int) -> str:
    """Render Unix epoch milliseconds as `iso` does. It is called twice per event, so the date of a day is cached."""
    days, rest = divmod(milliseconds, 86_400_000)
    seconds, fraction = divmod(rest, 1000)
    minutes, seconds = divmod(seconds, 60)
    return f"{_day(days)}T{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}.{fraction:03d}Z"


@lru_cache(maxsize=4096)
def _day(days: int) -> str:
    return (_EPOCH + timedelta(days=days)).date().isoformat()


def iso_time(moment: datetime) -> str:
    """Render a time as ISO-8601 UTC with exactly three decimals and a Z; one without a zone is UTC."""
    aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return aware.isoformat(timespec="milliseconds").replace("+00:00", "Z")
