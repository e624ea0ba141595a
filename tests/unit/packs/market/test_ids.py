"""The id of a record, by which a run finds it again in the database."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from packs.market.source import read_records
from packs.market.source.asking import DAY_NS, Asked
from packs.market.source.dbn_file import read_dbn
from packs.market.source.ids import RecordIds

SETS = Path(__file__).resolve().parents[4] / "include/fixtures/market"


def ids_of(kind: str) -> Counter:
    files = sorted((SETS / kind).glob("*.dbn.zst"))
    return Counter(record.id for file in files for record in read_records(file))


@pytest.mark.parametrize("kind", ["golden", "hostile"])
def test_every_record_has_one_of_its_own(kind):
    found = ids_of(kind)
    assert "" not in found
    assert set(found.values()) == {1}


def test_twins_are_numbered():
    twins = [name for name in ids_of("golden") if name.startswith(("trades/", "tbbo/")) and not name.endswith("/0")]
    assert len(twins) > 10
    assert {name.rpartition("/")[2] for name in twins} == {"1"}


def test_what_cannot_be_read_is_named_by_its_header():
    cases = json.loads((SETS / "hostile" / "cases.json").read_text(encoding="utf-8"))
    unread = [case for case in cases if case["place"] == "quarantine" and case["stage"] == "extraction"]
    found = [name for name in ids_of("hostile") if "/unread/" in name]
    assert len(found) == sum("file" in case for case in unread) > 0


def test_what_no_request_can_be_for_has_none():
    file = read_dbn(SETS / "golden" / "XNAS.ITCH.trades.dbn.zst")
    ids = RecordIds(file)
    assert ids.next(file.record(0), (Asked(file).days[-1] + 1) * DAY_NS) == ""
    assert ids.next(file.record(0), file.times[0]).startswith("trades/2/38/")
