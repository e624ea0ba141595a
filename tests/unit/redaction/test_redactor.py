"""Lines and sessions: which fields are replaced, at any depth and in every form in which a line holds them."""

from __future__ import annotations

import base64
import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamproof.model.errors import UsageError
from streamproof.redaction import RedactionRules, Redactor, redaction_key

DATA = {
    "type": "status",
    "stream_id": "strm-01232610",
    "model": "imagine-xl",
    "prompt": "a lighthouse at dusk, 42",
    "new_field_of_production": {"owner": "Alice"},
    "price": "1600 wei",
    "user_number": 1234567,
    "count": 1234567,
    "by_user": {"alice": 1},
    "hosts": [{"url": "https://plain.orch.example:8935"}],
    "0xC96dAa124f369831A683E95A580C9A7Ad77f1E57": None,
    "odd": 1e39,
    "\u00e9": "\u2028 \u00e9",
}
LINE = {
    "__table": "events",
    "__scenario": "scenario_1",
    "__workflow_session_id": "strm-01232610|393c0e9b",
    "id": "185f9405-0b85-4e01-9333-58219b9d01af",
    "type": "ai_status",
    "timestamp": 1772313063304,
    "gateway": "gw-north-1",
    "__expect": {"disposition": "dlq", "class": "SCHEMA_INVALID", "reason": "missing_field"},
    "data": DATA,
}


def test_what_is_replaced_and_what_stays(redactor):
    new = redactor.line(LINE)
    assert list(new) == list(LINE)
    for name in ("__table", "__scenario", "__expect", "type", "timestamp"):
        assert new[name] == LINE[name]
    for name in ("__workflow_session_id", "id", "gateway"):
        assert new[name] != LINE[name]
    data = new["data"]
    assert data["stream_id"] == new["__workflow_session_id"].split("|")[0]
    assert {name: data[name] for name in ("type", "model", "price", "count", "odd")} == {
        "type": "status", "model": "imagine-xl", "price": "1600 wei", "count": 1234567, "odd": 1e39,
    }  # fmt: skip
    assert data["user_number"] not in {1234567} and len(str(data["user_number"])) == 7
    assert data["new_field_of_production"]["owner"] != "Alice"
    assert list(data["by_user"]) != ["alice"]
    assert "0xC96dAa124f369831A683E95A580C9A7Ad77f1E57" not in data
    text = json.dumps(new)
    for original in ("01232610", "393c0e9b", "north", "lighthouse", "Alice", "alice", "plain.orch", "C96dAa124f"):
        assert original not in text


@pytest.mark.parametrize("spaces", [(",", ":"), (" , ", " : ")])
@pytest.mark.parametrize("ascii_only", [True, False])
def test_data_as_text_and_as_an_object_get_the_same_replacements(redactor, spaces, ascii_only):
    text = json.dumps(DATA, separators=spaces, ensure_ascii=ascii_only)
    new = redactor.line({**LINE, "data": text})["data"]
    assert json.loads(new) == redactor.line(LINE)["data"]
    assert len(new.encode()) == len(text.encode())


def test_a_line_as_text_changes_in_its_replaced_texts_alone(redactor):
    line = json.dumps({**LINE, "data": json.dumps(DATA)}) + "  "
    new = redactor.line_text(line)
    assert json.loads(new) == redactor.line({**LINE, "data": json.dumps(DATA)})
    assert len(new) == len(line)
    numbers = '{"a": 1.50, "b": 1E2, "c": 123456789012345678901234567890, "a": -0, "d": [true,null]}'
    assert redactor.line_text(numbers) == numbers


@pytest.mark.parametrize("path", ["text", "base64"])
def test_raw_values_get_the_replacements_of_lines(redactor, path):
    value = json.dumps({"id": LINE["id"], "type": "ai_status", "gateway": "gw-north-1", "data": DATA})
    content = value if path == "text" else base64.b64encode(value.encode()).decode()
    new = redactor.line({"__raw": {path: content}})["__raw"][path]
    found = json.loads(new if path == "text" else base64.b64decode(new))
    whole = redactor.line(LINE)
    assert found == {name: whole[name] for name in ("id", "type", "gateway", "data")}


ENVELOPE = json.dumps({"id": "185f9405", "type": "ai_status", "data": {"stream_id": "strm-01232610", "fps": 1.5}})


@pytest.mark.parametrize(
    "text",
    [
        "not json at all", ENVELOPE[:50], ENVELOPE[:-20], f"{ENVELOPE} trailing", f"[{ENVELOPE}", "{'single': 1}",
        '{"fps": NaN, "stream_id": "strm-01232610"}', '{"a": "\\ud800 strm-01232610"}', '{"a": "\\x strm-01232610"}',
        '{"a": 1e999, "b": "strm-01232610"}', "\ufeff" + ENVELOPE, "[error] user 8812345 failed", '{"a":"strm-0123\\',
        '{"a": "strm-01232610"}}}', "]" + ENVELOPE,
    ],
)  # fmt: skip
def test_broken_json_stays_broken_in_the_same_way(redactor, text):
    new = redactor.value(text.encode()).decode()
    assert len(new) == len(text)
    with pytest.raises(orjson.JSONDecodeError) as before:
        orjson.loads(text)
    with pytest.raises(orjson.JSONDecodeError) as after:
        orjson.loads(new)
    assert after.value.pos == before.value.pos
    for original in ("01232610", "0123", "185f9405", "json at", "trailing", "8812345"):
        assert original not in new


@pytest.mark.parametrize("value", [None, b"", b"   ", b"4.2", b"null", b"true", b"[]", b'{"data": {}}'])
def test_values_without_a_text_stay(redactor, value):
    assert redactor.value(value) == value


def test_a_number_alone_stays_a_number(redactor):
    assert redactor.value(b"8812345") != b"8812345"
    assert 1_000_000 <= json.loads(redactor.value(b"8812345")) <= 9_999_999


@given(st.binary(max_size=200))
def test_bytes_that_are_no_text_stay_undecodable_in_the_same_place(value):
    redactor = Redactor(RedactionRules(), b"key")
    new = redactor.value(value)
    assert len(new) == len(value)
    assert where_undecodable(new) == where_undecodable(value)
    assert redactor.value(value) == new


def where_undecodable(value: bytes) -> tuple[int, int, str] | None:
    try:
        value.decode()
    except UnicodeDecodeError as error:
        return error.start, error.end, error.reason
    return None


def test_key_and_headers_are_redacted_and_their_names_are_not(redactor):
    new = redactor.line(
        {
            "__raw": None,
            "__key": {"text": "strm-01232610"},
            "__headers": [["trace", {"base64": base64.b64encode(b"strm-01232610").decode()}], ["none", None]],
        }
    )
    stream = redactor.line(LINE)["data"]["stream_id"]
    assert new["__raw"] is None
    assert new["__key"] == {"text": stream}
    assert new["__headers"] == [["trace", {"base64": base64.b64encode(stream.encode()).decode()}], ["none", None]]


def test_a_session_is_redacted_like_its_lines(redactor):
    entry = {
        "workflow_session_id": "strm-01232610|393c0e9b", "stream_id": "strm-01232610", "request_id": "393c0e9b",
        "session_start_ts": "2026-02-28T21:09:59.998Z", "session_end_ts": None, "events": 31, "sha256": "ab" * 32,
        "file": "scenario_1/strm-01232610_393c0e9b.jsonl", "table_counts": {"events": 31, "events:ai_status": 6},
    }  # fmt: skip
    new = redactor.session(entry)
    line = redactor.line(LINE)
    assert new["workflow_session_id"] == line["__workflow_session_id"] == f"{new['stream_id']}|{new['request_id']}"
    assert new["file"] == f"scenario_1/{new['stream_id']}_{new['request_id']}.jsonl"
    for name in ("session_start_ts", "session_end_ts", "events", "sha256", "table_counts"):
        assert new[name] == entry[name]
    assert "01232610" not in json.dumps(new)


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("url", ("data", "info", "url"), True),
        ("info.url", ("data", "info", "url"), True),
        ("info.url", ("info", "more", "url"), False),
        (".type", ("type",), True),
        (".type", ("data", "type"), False),
        ("gpu_info.*.name", ("hardware", "gpu_info", "0", "name"), True),
        ("gpu_info.*.name", ("gpu_info", "name"), False),
        ("*_time", ("data", "last_input_time"), True),
        ("params.**", ("data", "params", "a", "b"), True),
        ("**.name", ("name",), True),
    ],
)
def test_patterns(pattern, path, matches):
    assert (RedactionRules(keep=(pattern,)).kind_of(path) == "keep") is matches


def test_keys():
    assert redaction_key("a secret of 16 chars") == redaction_key("a secret of 16 chars")
    assert redaction_key("") != redaction_key("")
    with pytest.raises(UsageError) as caught:
        redaction_key("short")
    assert "short" not in caught.value.message
