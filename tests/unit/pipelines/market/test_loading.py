from __future__ import annotations

from types import SimpleNamespace

import pytest

from pipelines.market.errors import PipelineError
from pipelines.market.stages.rules import Ordinals

from .cluster import schema_scripts
from .faults import RANGE
from .test_whole_runs import TABLES

ALL = "SELECT * FROM trades_data WHERE dataset = 'GLBX.MDP3' ORDER BY trades_data::text"


def test_chunks_of_an_hour_give_the_same_rows_as_those_of_a_day(market, loaded):
    request = ("--dataset", "GLBX.MDP3", "--schema", "trades", "--symbols", "ES.c.0,CL.c.0")
    days = ("--start-date", "2024-01-15", "--end-date", "2024-01-16")
    totals = market.run(*request, *days, "--chunk-hours", "6")
    assert totals["chunks"] == 8
    assert market.rows(ALL) == loaded["golden"].rows(ALL)


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("daily_ohlcv_data", "volume = volume + 1"),
        ("trades_data", "price = price + 0.000000001"),
        ("tbbo_data", "ask_price = NULL"),
        ("statistics_data", "quantity = 5"),
        ("definitions_data", "expiration_ns = 1"),
    ],
)
def test_a_repeated_load_changes_what_differs_and_nothing_else(copy_of, loaded, table, change):
    market = copy_of("golden")
    # A partition and a place in it name one row.
    one = f"SELECT tableoid, ctid FROM {table} ORDER BY 1, 2 LIMIT 1"
    market.execute(f"UPDATE {table} SET {change} WHERE (tableoid, ctid) = ({one})")
    assert market.run_set("--force")["changed"] == 1
    everything = f"SELECT * FROM {table} ORDER BY {table}::text"
    assert market.rows(everything) == loaded["golden"].rows(everything)


def test_progress_is_by_job_and_tells_what_was_done(market):
    market.run_trades()
    [(job, kind, dataset, schema, symbols, status, served, processed, quarantined, changed, downloads)] = market.rows(
        "SELECT job_id, job_type, dataset, schema_name, symbols, completion_status, records_served, records_processed,"
        " records_quarantined, rows_changed, downloads FROM download_progress"
    )
    assert (job, kind, dataset, schema, symbols) == ("adhoc", "ingest", "GLBX.MDP3", "trades", ["ES.c.0", "CL.c.0"])
    assert (status, served, processed, quarantined, changed, downloads) == ("completed", 100, 100, 0, 100, 1)
    market.run_trades("--force")
    assert market.rows("SELECT rows_changed, downloads FROM download_progress") == [(0, 2)]
    market.gateway.requests.clear()
    assert market.run_trades()["skipped"] == 1
    assert market.gateway.requests[RANGE] == 0
    # Another job is another piece of work, even where it asks for the same.
    market.run_set()
    assert market.value("SELECT count(DISTINCT job_id) FROM download_progress") == 2


def test_keys_of_the_same_chunk_that_meet_fail_instead_of_losing_a_record(market):
    market.execute("ALTER TABLE trades_data DROP CONSTRAINT trades_data_pkey")
    market.execute("CREATE UNIQUE INDEX ON trades_data (ts_event, publisher_id, instrument_id, ts_event_ns, sequence)")
    market.run_trades(code=1)
    assert market.value("SELECT count(*) FROM trades_data") == 0


def test_twins_are_numbered_only_in_the_order_of_receipt():
    def trade(received: int):
        return SimpleNamespace(publisher_id=1, instrument_id=2, ts_event=3, sequence=4, ts_recv=received)

    numbers = Ordinals("trades")
    assert [numbers.next(trade(received)) for received in (5, 5, 6)] == [0, 1, 0]
    with pytest.raises(PipelineError, match="not in the order of their receipt"):
        numbers.next(trade(5))


def test_the_schema_differs_in_one_clause_and_one_function_between_the_engines():
    plain, timescale = ("\n".join(schema_scripts(timescaledb=flag)) for flag in (False, True))
    assert plain.count("PARTITION BY RANGE") == timescale.count("SELECT create_hypertable(") == len(TABLES)
    assert "PARTITION" not in timescale
    assert "CREATE EXTENSION" not in plain

    def tables(text: str) -> str:
        kept = [line for line in text.splitlines() if not line.startswith(("--", "SELECT create", "CREATE EXTENSION"))]
        return (
            "\n".join(kept).replace(" PARTITION BY RANGE (ts_event)", "").replace(" PARTITION BY RANGE (ts_recv)", "")
        )

    def until_the_function(text: str) -> list[str]:
        return [line for line in tables(text).partition("CREATE FUNCTION")[0].splitlines() if line.strip()]

    assert until_the_function(plain) == until_the_function(timescale)
