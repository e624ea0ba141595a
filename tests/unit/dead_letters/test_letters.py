"""What is read from a record of the dead-letter topic."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from streamproof.dead_letters.letters import EXPLAINED, Skip, Unusable, read_letter
from streamproof.packs.loading import read_pack
from streamproof.transport.base import ReadRecord

CASES = yaml.safe_load(Path(__file__).with_name("letters.yaml").read_text())


@pytest.fixture(scope="module")
def rules(home):
    return read_pack(home / "include/packs/livepeer/pack.yaml", home).dead_letters


def record(value: bytes | None, offset: int = 7) -> ReadRecord:
    return ReadRecord(partition=0, offset=offset, value=value)


@pytest.mark.parametrize("case", CASES, ids=[case["what"] for case in CASES])
def test_a_record(case, rules):
    value = json.dumps(case["envelope"]) if "envelope" in case else case["value"]
    found = read_letter(record(value.encode()), rules)
    if "skip" in case:
        assert isinstance(found, Unusable)
        assert found.skip == case["skip"]
        return
    assert not isinstance(found, Unusable)
    for name in case.keys() & {"time", "replays"}:
        assert getattr(found, name) == case[name]


def test_a_null_record_is_no_letter(rules):
    assert read_letter(record(None), rules) == Unusable(Skip.UNPARSABLE)


def test_markers_do_not_change_what_event_it_is(rules):
    def letter(body: str):
        return read_letter(record(json.dumps({"payload": {"encoding": "json", "body": body}}).encode()), rules)

    plain, marked = letter('{"x":1,"data":{}}'), letter('{"x":1,"data":{},"__replay":true,"__replay_count":1}')
    assert (plain.event, plain.content) == (marked.event, marked.content)
    assert letter('{"x":2,"data":{}}').event != plain.event


def test_every_reason_is_explained():
    assert set(EXPLAINED) == set(Skip)
