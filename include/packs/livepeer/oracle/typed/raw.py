"""The raw layer: the row that ClickHouse's own Kafka consumer writes, whether or not the processor accepts it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from packs.livepeer.oracle.typed.judged import Judged, Row, Source
from packs.livepeer.oracle.values import BLANKS, LAST_MS, iso

# 2299-12-31T23:59:59.999Z, the last DateTime64 of ClickHouse.
_END_MS = 10_413_791_999_999
_DECODER = json.JSONDecoder()


def raw_row(judged: Judged, value: bytes, source: Source, time_ms: int, key: str, headers: Mapping[str, str]) -> Row:
    """Return the row of a value that is not empty. `payload` is text, or bytes that are not UTF-8."""
    root = judged.root if isinstance(judged.root, dict) else {}
    event_id, timestamp = judged.event_id, judged.time or 0
    gateway = root.get("gateway")
    recorded = iso(min(time_ms, _END_MS)) or ""
    when = (iso(timestamp) or "") if 1 <= timestamp <= LAST_MS else recorded
    return {
        "id": event_id,
        "type": judged.family,
        "timestamp": timestamp,
        "gateway": gateway if isinstance(gateway, str) else "",
        "data": data_text(judged),
        "source_topic": source.topic,
        "source_partition": source.partition,
        "source_offset": source.offset,
        "source_record_timestamp": recorded,
        "source_key": key,
        "headers": dict(headers),
        "payload": judged.raw or _text(value),
        "parse_error": _parse_error(judged),
        "event_timestamp": when,
        "event_date": when[:10],
        "event_uid": event_id or hashlib.sha256(value).hexdigest(),
    }


def data_text(judged: Judged) -> str:
    """Return the text of the payload exactly as it was published, "" for an envelope without one."""
    raw, root = judged.raw, judged.root
    if not isinstance(root, dict) or "data" not in root:
        return ""
    if "\\u" not in raw and raw.count('"data"') == 1 and next(reversed(root)) == "data":
        # The usual envelope ends with its only `data`, so the payload extends to the closing brace.
        start = raw.index('"data"') + len('"data"')
        return raw[raw.index(":", start) + 1 :].strip(BLANKS)[:-1].rstrip(BLANKS)
    return _member_text(raw, "data")


def _member_text(raw: str, wanted: str) -> str:
    """Return the text of a member of the JSON object `raw`. When the name occurs twice, the last member counts."""
    index, found = _skip(raw, raw.index("{") + 1), ""
    while raw[index] != "}":
        name, index = _DECODER.raw_decode(raw, index)
        start = _skip(raw, _skip(raw, index) + 1)
        _, end = _DECODER.raw_decode(raw, start)
        if name == wanted:
            found = raw[start:end]
        index = _skip(raw, end)
        if raw[index] == ",":
            index = _skip(raw, index + 1)
    return found


def _skip(raw: str, index: int) -> int:
    """Return the index of the first character at or after `index` that is not blank."""
    while raw[index] in BLANKS:
        index += 1
    return index


def _text(value: bytes) -> str | bytes:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value


def _parse_error(judged: Judged) -> str:
    if judged.problem:
        return judged.problem
    return "" if isinstance(judged.root, dict) else "root is not an object"
