from __future__ import annotations

import json
from collections import Counter

import pytest


@pytest.fixture
def hostile(loaded):
    return loaded["hostile"]


def cases(sets) -> list[dict]:
    return json.loads((sets / "hostile" / "cases.json").read_text())


def test_every_case_is_in_its_place(hostile, sets):
    totals = hostile.totals
    refused = [case for case in cases(sets) if case["place"] == "quarantine" and "file" in case]
    assert totals["quarantined"] == len(refused) == 12
    assert totals["unresolved"] == ["NOSUCH.c.0"]
    assert totals["crossed"] == 1
    found = Counter(hostile.rows("SELECT stage, rule FROM quarantined_records WHERE position >= 0"))
    assert found == Counter((case["stage"], case["rule"]) for case in refused)
    # The symbol was asked for in every chunk of its data set.
    unresolved = hostile.rows("SELECT rule, symbol, count(*) FROM quarantined_records WHERE position < 0 GROUP BY 1, 2")
    assert unresolved == [("unresolved_symbol", "NOSUCH.c.0", 12)]


def test_what_only_looks_wrong_is_stored(hostile):
    assert hostile.value("SELECT count(*) FROM trades_data WHERE symbol = 'CL.c.0' AND price = -37.63") == 1
    assert hostile.value("SELECT min(low_price) FROM daily_ohlcv_data WHERE symbol = 'CL.c.0'") < 0
    assert hostile.value("SELECT count(*) FROM tbbo_data WHERE bid_price IS NULL AND ask_price IS NULL") == 1
    assert hostile.value("SELECT count(*) FROM tbbo_data WHERE bid_price IS NULL AND ask_price IS NOT NULL") == 1
    assert hostile.value("SELECT count(*) FROM tbbo_data WHERE bid_price > ask_price") == 1
    assert hostile.value("SELECT count(*) FROM tbbo_data WHERE bid_price = ask_price") == 1
    assert (
        hostile.value("SELECT count(*) FROM trades_data WHERE symbol = 'AAPL' AND side = 'N' AND sequence > 500000")
        == 1
    )
    assert hostile.rows("SELECT ordinal FROM trades_data WHERE sequence = 500007 ORDER BY 1") == [(0,), (1,)]


def test_a_quarantine_entry_tells_all_in_the_table_and_in_a_file(hostile):
    rows = hostile.rows(
        "SELECT dataset, schema_name, stage, symbol, instrument_id, ts_event_ns, ts_recv_ns, message, record "
        "FROM quarantined_records WHERE rule = 'price_sign' ORDER BY position"
    )
    first = rows[0]
    assert first[:5] == ("XNAS.ITCH", "trades", "validation", "AAPL", 38)
    assert first[5] == first[6] - 50_001 == 1705330819999949999
    assert "-10000000000" in first[7] and first[8]["price"] == -10_000_000_000
    entries = [
        entry
        for file in (hostile.folder / "dlq").glob("databento_validation_*.json")
        for entry in json.loads(file.read_text())
    ]
    found = hostile.rows("SELECT chunk_identifier, position, rule, record FROM quarantined_records ORDER BY 1, 2")
    assert sorted((e["chunk_identifier"], e["position"], e["rule"]) for e in entries) == [row[:3] for row in found]
    assert all(entry["message"] and entry["record"] for entry in entries)
    # The bytes of a record that no model fits are kept.
    assert all(bytes.fromhex(row[3]["bytes"]) for row in found if row[2] in ("wrong_type", "wrong_value"))


def test_a_second_load_repeats_no_quarantine(copy_of):
    hostile = copy_of("hostile")
    query = "SELECT chunk_identifier, position, rule, record FROM quarantined_records ORDER BY 1, 2"
    before = hostile.rows(query)
    assert hostile.run_set("--force")["changed"] == 0
    assert hostile.rows(query) == before
