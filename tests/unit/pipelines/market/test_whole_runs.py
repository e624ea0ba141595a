from __future__ import annotations

import re

TABLES = ("daily_ohlcv_data", "trades_data", "tbbo_data", "statistics_data", "definitions_data")
PATTERNS = (
    r"Pipeline execution started for job: fixture_set",
    r"DatabentoAdapter initialized successfully",
    r"Fetched \d+ records from Databento API",
    r"RuleEngine transformation completed: \d+ records processed",
    r"Validation completed: \d+ valid, \d+ quarantined",
    r"TimescaleLoader: \d+ records stored successfully",
    r"Pipeline execution completed successfully",
)


def content(market) -> dict[str, list[tuple]]:
    return {table: market.rows(f"SELECT * FROM {table} ORDER BY {table}::text") for table in TABLES}


def test_a_golden_set_is_loaded_whole_and_three_times_over_without_a_change(market):
    first = market.run_set()
    assert first["chunks"] == 36 and first["skipped"] == first["quarantined"] == 0
    stored = content(market)
    assert sum(map(len, stored.values())) == first["served"] == first["stored"] == first["changed"] > 700
    positions = [re.search(pattern, market.errors).start() for pattern in PATTERNS]
    assert positions == sorted(positions)
    assert " ERROR " not in market.errors and " WARNING " not in market.errors

    again = market.run_set("--force")
    assert (again["served"], again["changed"], again["skipped"]) == (first["served"], 0, 0)
    before = dict(market.gateway.requests)
    third = market.run_set()
    assert (third["served"], third["downloads"], third["skipped"]) == (0, 0, 36)
    assert dict(market.gateway.requests) == before
    assert content(market) == stored


def test_trades_bars_and_quotes_agree(loaded):
    market = loaded["golden"]
    columns = (
        "ts_event_ns, publisher_id, instrument_id, sequence, ordinal, ts_recv_ns, price, size, side, flags, symbol"
    )
    assert market.rows(f"SELECT {columns} FROM trades_data EXCEPT SELECT {columns} FROM tbbo_data") == []
    assert market.value("SELECT count(*) FROM trades_data WHERE ordinal > 0") > 5
    bars = """
        SELECT publisher_id, instrument_id, ts_recv_ns / 60000000000 * 60000000000 AS minute,
            (array_agg(price ORDER BY ts_recv_ns, sequence, ordinal))[1], max(price), min(price), sum(size)::bigint
        FROM trades_data GROUP BY 1, 2, 3
    """
    stored = """
        SELECT publisher_id, instrument_id, ts_event_ns, open_price, high_price, low_price, volume
        FROM daily_ohlcv_data WHERE granularity = '1m'
    """
    assert sorted(market.rows(bars)) == sorted(market.rows(stored))


def test_a_symbol_rolls_at_midnight_of_its_receipt(loaded):
    market = loaded["golden"]
    ids = market.rows(
        "SELECT DISTINCT (to_timestamp(ts_recv_ns / 1000000000) AT TIME ZONE 'UTC')::date::text, instrument_id "
        "FROM trades_data WHERE symbol = 'ES.c.0' ORDER BY 1"
    )
    assert ids == [("2024-01-15", 17077), ("2024-01-16", 5602)]
    assert market.value("SELECT count(*) FROM trades_data WHERE ts_event_ns % 1000 <> 0") > 0
    assert market.value(
        "SELECT count(*) FROM trades_data WHERE symbol = 'CL.c.0' AND ts_event < '2024-01-16 00:00+00' "
        "AND ts_recv_ns >= 1705363200000000000"
    )


def test_rows_lie_in_partitions_of_a_day(loaded):
    market = loaded["golden"]
    names = market.rows("SELECT DISTINCT tableoid::regclass::text FROM trades_data ORDER BY 1")
    assert names == [("trades_data_20240115",), ("trades_data_20240116",)]
