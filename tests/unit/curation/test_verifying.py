"""What `fixtures verify` finds beyond checksums and counts."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from streamproof.curation.verifying import verify_set
from streamproof.packs.pack import Pack
from streamproof.warehouse.clickhouse import retention_days
from tests.unit.curation.test_selecting import CONTEXT, OFFER, core, offers
from tests.unit.fixtures.conftest import BASE, SmallSet, event

NOW = datetime.fromtimestamp(BASE / 1000, UTC) + timedelta(hours=1)


@pytest.fixture(scope="module")
def shop(pack: Pack) -> Pack:
    rules = pack.replay.model_copy(update={"event_table": "events", "scenarios": (), "first_types": ("offers",)})
    scenarios = {"scenario_1": ("stream_trace",)}
    return pack.model_copy(update={"replay": rules, "context": CONTEXT, "scenarios": scenarios})


@pytest.mark.parametrize(
    ("lines", "finding"),
    [
        ([event(1, family="other")], "a.jsonl: no event of stream_trace, which scenario_1 requires"),
        ([core(1, "0xProxy"), core(2, "0xA"), offers(3, OFFER)], "do not describe 1 of 2 wallets that it names (0xa)"),
        ([core(1, "0xA")], "do not describe 1 of 1 wallets"),
        ([core(1, "", at=5), core(2, "", at=3), core(3, "", at=4)], "a.jsonl:2: 1 lines are earlier than the line"),
    ],
)
def test_findings_are_notices_and_with_strict_problems(shop, small: SmallSet, lines, finding):
    small.files = {"scenario_1/a.jsonl": lines}
    manifest = small.write()
    lenient, strict = (verify_set(shop, manifest, now=NOW, strict=strict) for strict in (False, True))
    assert lenient.problems == ()
    assert [notice for notice in lenient.notices if finding in notice]
    assert [problem for problem in strict.problems if finding in problem]


def test_a_sound_file_has_no_finding(shop, small: SmallSet):
    small.files = {"scenario_1/a.jsonl": [core(1, "0xproxy"), offers(2, OFFER), core(3, "0xOwner", at=1)]}
    small.session["workflow_session_id"] = "s|r"
    report = verify_set(shop, small.write(), now=NOW, strict=True)
    assert (report.problems, report.notices) == ((), ())


def test_a_rejected_event_names_nobody(shop, small: SmallSet):
    rejected = {**core(1, "0xA"), "__expect": {"disposition": "dlq"}}
    small.files = {"scenario_1/a.jsonl": [rejected, core(2, "")]}
    assert verify_set(shop, small.write(), now=NOW, strict=True).problems == ()


@pytest.mark.parametrize("days", [6, 8, 29, 31, 400])
def test_events_older_than_a_table_keeps_them_are_counted(shop, small: SmallSet, days):
    small.files = {"scenario_1/a.jsonl": [core(1, "")]}
    report = verify_set(shop, small.write(), now=NOW + timedelta(days=days))
    told = [notice for notice in report.notices if "older than what a warehouse with retention keeps" in notice]
    assert len(told) == (days > 7)
    assert ("streaming_events_quarantine 7 days" in "".join(told)) == (days > 7)
    assert ("streaming_events_dlq 30 days" in "".join(told)) == (days > 30)


def test_the_lifetimes_of_a_schema(home, tmp_path: Path):
    kept = retention_days(home / "include/sql/livepeer/schema")
    assert {name: kept[name] for name in ("streaming_events", "streaming_events_dlq", "stream_trace_events")} == {
        "streaming_events": 90, "streaming_events_dlq": 30, "stream_trace_events": 90,
    }  # fmt: skip
    script = """
    -- CREATE TABLE nobody (a Int8) ENGINE = Memory
    CREATE TABLE a (day Date) ENGINE = MergeTree ORDER BY day TTL day + toIntervalWeek(2);
    CREATE TABLE IF NOT EXISTS b (day Date) ENGINE = MergeTree ORDER BY day
    TTL day + INTERVAL 1 YEAR, day + INTERVAL 3 MONTHS TO VOLUME 'cold';
    CREATE TABLE c (day Date, x String TTL day + INTERVAL 5 DAY) ENGINE = MergeTree ORDER BY day;
    """
    (tmp_path / "0001_tables.sql.j2").write_text(script, encoding="utf-8")
    assert retention_days(tmp_path) == {"a": 14, "b": 365}


def test_shipped_sets_are_sound_in_the_strict_sense(pack):
    for name in ("golden", "hostile"):
        report = verify_set(pack, pack.manifest(name), now=NOW, strict=True)
        assert report.problems == (), json.dumps(report.problems, indent=1)
