"""A record becomes a line that publishes exactly its bytes again, whatever they are."""

from __future__ import annotations

import base64

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamproof.exporting.lines import line_of
from streamproof.exporting.records import ExportedRecord
from streamproof.fixtures.lines import BadLineError, parse_line
from streamproof.fixtures.values import MAX_VALUE_BYTES
from streamproof.model.fixture import Expectation, ReplayRules, ValueRules

RULES = ReplayRules(event_table="streaming_events", key_field="stream_id", id_field="session")
HEAD = {"__table": "streaming_events", "__scenario": "one", "__session": "s|r"}
USUAL = b'{"id":"1","type":"trace","timestamp":"1772226000000","gateway":"gw","data":{"stream_id":"s","n":1.50}}'
# Values in the form in which a replay publishes an ordinary line.
ORDINARY = {
    "usual": USUAL,
    "without_gateway": USUAL.replace(b'"gw"', b"null"),
    "data_is_text": b'{"id":"1","type":"t","timestamp":"1772226000000","gateway":"","data":"no json at all"}',
    "data_is_a_list": b'{"id":"1","type":"t","timestamp":"1772226000000","gateway":"","data":[1, 2.0,  "\xc3\xa9"]}',
    "extras": USUAL[:-1] + b',"version":1.0,"sender":{"id": "x"},"__replay":true}',
}
# All others need `__raw`.
RAW = {
    "number_as_time": USUAL.replace(b'"1772226000000"', b"1772226000000"),
    "blanks": USUAL.replace(b",", b", "),
    "other_order": b'{"type":"t","id":"1","timestamp":"1772226000000","gateway":"","data":{}}',
    "a_key_too_many": USUAL[:-1] + b',"more":1}',
    "equal_keys": USUAL[:-1] + b',"id":"2"}',
    "zero_padded_time": USUAL.replace(b"1772226000000", b"01772226000000"),
    "no_time": USUAL.replace(b"1772226000000", b"soon"),
    "no_data": b'{"id":"1","type":"t","timestamp":"1772226000000","gateway":""}',
    "not_json": b"{\"id\":",
    "not_utf8": b"\xff\xfe\x00",
    "byte_order_mark": b"\xef\xbb\xbf" + USUAL,
    "surrogate": USUAL.replace(b"gw", b"\\ud800"),
    "no_object": b"[1]",
    "number": b"7",
}  # fmt: skip


def record(value: bytes, **more: object) -> ExportedRecord:
    fields = {"key": None, "headers": (), "expect": None, **more}
    return ExportedRecord(0, 1772226000005, "topic", 0, 7, 0, value, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ORDINARY)
def test_an_event_in_the_usual_form_is_an_ordinary_line(name):
    line, parsed = line_of(record(ORDINARY[name]), HEAD, RULES)
    assert orjson.loads(line).keys() >= {*HEAD, "id", "type", "timestamp", "gateway", "data"}
    assert b"__raw" not in line
    assert parse_line(line, RULES) == parsed
    assert (parsed.value, parsed.order_ms) == (ORDINARY[name], 1772226000000)


@pytest.mark.parametrize("name", RAW)
def test_any_other_value_is_a_raw_line(name):
    line, parsed = line_of(record(RAW[name]), HEAD, RULES)
    assert b'"__raw":' in line
    assert parse_line(line, RULES).value == parsed.value == RAW[name]
    assert parsed.order_ms in (1772226000000, 1772226000005)


def test_a_value_without_a_time_gets_that_of_the_warehouse():
    line, parsed = line_of(record(b"no json"), HEAD, RULES)
    assert orjson.loads(line)["__timestamp"] == parsed.order_ms == 1772226000005


@given(value=st.binary() | st.sampled_from([*ORDINARY.values(), *RAW.values()]), key=st.binary(), header=st.binary())
def test_value_key_and_headers_come_back_byte_for_byte(value, key, header):
    own = (("trace", header), ("trace", b""), ("sp-sequence", b"7"))
    parsed = parse_line(line_of(record(value, key=key, headers=own), HEAD, RULES)[0], RULES)
    assert (parsed.value, parsed.headers) == (value, (("trace", header), ("trace", b"")))
    # A raw table keeps no difference between an empty key and none.
    assert (parsed.key or b"") == key


def test_a_key_is_stated_only_where_it_is_not_the_usual_one():
    usual, _ = line_of(record(USUAL, key=b"s"), HEAD, RULES)
    assert b"__key" not in usual
    assert orjson.loads(line_of(record(USUAL, key=b"other"), HEAD, RULES)[0])["__key"] == {"text": "other"}
    assert orjson.loads(line_of(record(USUAL, key=b""), HEAD, RULES)[0])["__key"] is None
    assert orjson.loads(line_of(record(USUAL, key=b"\xff"), HEAD, RULES)[0])["__key"] == {
        "base64": base64.b64encode(b"\xff").decode()
    }


def test_what_became_of_the_record_is_stated():
    line, parsed = line_of(record(USUAL, expect=Expectation("dlq", "MALFORMED", "")), HEAD, RULES)
    assert orjson.loads(line)["__expect"] == {"disposition": "dlq", "class": "MALFORMED"}
    assert parsed.expect == Expectation("dlq", "MALFORMED", "")


def test_a_pack_without_an_envelope_has_raw_lines():
    rules = ReplayRules(values=ValueRules(untyped="orders"))
    line, parsed = line_of(record(USUAL), {}, rules)
    assert orjson.loads(line) == {"__raw": {"text": USUAL.decode()}, "__timestamp": 1772226000005}
    assert parsed.event_type == "orders"


def test_a_value_that_no_line_can_hold_is_refused():
    with pytest.raises(BadLineError, match="8,000,001 bytes"):
        line_of(record(b"x" * (MAX_VALUE_BYTES + 1)), HEAD, RULES)
