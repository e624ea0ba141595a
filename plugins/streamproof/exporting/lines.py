"""Write a record as a line of a fixture file that publishes exactly the same bytes again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from streamproof.exporting.records import ExportedRecord
from streamproof.fixtures.envelope import EXTRA_KEYS, build, epoch_ms, member_text
from streamproof.fixtures.lines import ParsedLine, carried, parse_line
from streamproof.fixtures.values import UnreadableError, read_value
from streamproof.model.fixture import REPLAY_HEADERS, ReplayRules

_ENVELOPE = frozenset({"id", "type", "timestamp", "gateway", "data"})


def line_of(record: ExportedRecord, head: Mapping[str, Any], rules: ReplayRules) -> tuple[bytes, ParsedLine]:
    """Return the line of a record, without a line feed, and what a reader finds in it.

    `head` are the keys that repeat the manifest. It is an ordinary line where that gives the same bytes, else one with
    `__raw`. Raises BadLineError for a record that no line can hold.
    """
    line = _ordinary(record.value, head) if rules.values is None else None
    parsed = _parsed(line, rules, record.value) if line else None
    if line is None or parsed is None:
        line = orjson.dumps({**head, "__raw": carried(record.value)})
        parsed = parse_line(line, rules)
    more = _more(record, parsed)
    if not more:
        return line, parsed
    line = line[:-1] + b"," + orjson.dumps(more)[1:]
    return line, parse_line(line, rules)


def _ordinary(value: bytes, head: Mapping[str, Any]) -> bytes | None:
    """Return the ordinary line of an event in the form in which a replay publishes it, None for any other value."""
    try:
        row = read_value(value)
    except UnreadableError:
        return None
    if not isinstance(row, dict) or not row.keys() >= _ENVELOPE:
        return None
    milliseconds = epoch_ms(row["timestamp"])
    if milliseconds is None:
        return None
    text = value.decode()
    data = member_text(text, "data")
    if build(row, milliseconds, data.encode(), value) != value:
        return None
    fields = {**head, **{name: row[name] for name in ("id", "type")}, "timestamp": milliseconds}
    extras = "".join(f',"{key}":{member_text(text, key)}' for key in EXTRA_KEYS if key in row).encode()
    return orjson.dumps({**fields, "gateway": row["gateway"], "data": data})[:-1] + extras + b"}"


def _parsed(line: bytes, rules: ReplayRules, value: bytes) -> ParsedLine | None:
    """Return what a reader finds in an ordinary line, None when it refuses the line or finds another value."""
    try:
        parsed = parse_line(line, rules)
    except ValueError:
        return None
    return parsed if parsed.value == value else None


def _more(record: ExportedRecord, parsed: ParsedLine) -> dict[str, Any]:
    """Return what the record has beyond its value: its own key and headers, its time, and what became of it."""
    more: dict[str, Any] = {}
    if record.key is not None and record.key != (parsed.key or b""):
        # The warehouse keeps no difference between an empty key and none.
        more["__key"] = carried(record.key) if record.key else None
    headers = [[name, carried(value)] for name, value in record.headers if name not in REPLAY_HEADERS]
    if headers:
        more["__headers"] = headers
    if record.expect is not None:
        stated = {"class": record.expect.failure_class, "reason": record.expect.reason}
        more["__expect"] = {"disposition": record.expect.disposition, **{k: v for k, v in stated.items() if v}}
    if parsed.order_ms is None:
        more["__timestamp"] = record.ms
    return more
