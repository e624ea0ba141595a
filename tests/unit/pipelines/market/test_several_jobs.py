"""Jobs of the program that load the same days: each check that needs no run is green, and red where a row is wrong."""

from __future__ import annotations

from dataclasses import replace

import pytest

from .surroundings import variables
from .test_assertions import FILES, judge

# What these judge is in a database that no run has filled, too.
OBSERVED = [file for file in FILES if file.parent.name != "operations" and "replay_ledger" not in file.read_text()]
ONE_DAY = ("--start-date", "2024-01-15", "--end-date", "2024-01-15")
ES_TRADES = ("--dataset", "GLBX.MDP3", "--schema", "trades", "--symbols", "ES.c.0")


@pytest.fixture(scope="module")
def several(loaded, cluster, tmp_path_factory):
    """A connection to a database that the program's own jobs and requests by options have loaded, one after another."""
    golden = loaded["golden"]
    cluster.create("several_jobs", golden.database)
    market = replace(golden, database="several_jobs", folder=tmp_path_factory.mktemp("several"), errors="")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables(golden.gateway, cluster, market.database).items():
            patch.setenv(name, value)
        for job in ("e2e_small_sample", "e2e_all_instruments", "definition_test", "quarantine_validation_test"):
            market.run("--job", job)
        # One symbol of two, in other chunks; and then two days of it.
        market.run(*ES_TRADES, *ONE_DAY, "--chunk-hours", "6")
        market.run(*ES_TRADES, "--start-date", "2024-01-15", "--end-date", "2024-01-16", "--chunk-hours", "6")
    with cluster.connect("several_jobs") as connection:
        connection.autocommit = False
        yield connection
    cluster.drop("several_jobs")


@pytest.mark.parametrize("file", OBSERVED, ids=lambda file: file.stem)
def test_a_check_is_green_whatever_jobs_have_loaded_the_days(several, file):
    row = judge(several, file)
    several.rollback()
    assert (row["failed_rows"], row["skip_reason"]) == (0, ""), row


@pytest.mark.parametrize(
    ("name", "statement"),
    [
        # Of the trades of GLBX.MDP3, two requests share rows. Those of the other data sets are counted exactly.
        ("tables_hold_what_was_processed", "DELETE FROM trades_data WHERE symbol = 'CL.c.0'"),
        ("tables_hold_what_was_processed", "DELETE FROM trades_data WHERE ctid = (SELECT min(ctid) FROM trades_data"
         " WHERE dataset = 'XNAS.ITCH') AND dataset = 'XNAS.ITCH'"),
        ("days_hold_what_was_processed", "DELETE FROM daily_ohlcv_data WHERE granularity = '1d' AND symbol = 'CL.c.0'"
         " AND ts_event < '2024-01-16 00:00+00'"),
        ("every_schema_covers_the_same_days", "DELETE FROM download_progress WHERE job_id = 'adhoc'"
         " AND range_start = '2024-01-15 12:00+00'"),
        ("requested_symbols_are_known", "DELETE FROM quarantined_records WHERE position = -1"),
        ("quarantine_is_complete", "UPDATE download_progress SET records_quarantined = 1, records_served ="
         " records_served + 1, updated_at = now() WHERE job_id = 'e2e_small_sample'"),
    ],
)  # fmt: skip
def test_a_wrong_row_is_red_among_several_jobs(several, name, statement):
    [file] = [file for file in OBSERVED if file.stem == name]
    try:
        assert several.execute(statement).rowcount > 0
        assert judge(several, file)["failed_rows"] > 0
    finally:
        several.rollback()


def test_jobs_that_ask_for_different_symbols_are_counted_exactly(made):
    market = made("golden")
    for symbol in ("ES.c.0", "CL.c.0"):
        market.run("--dataset", "GLBX.MDP3", "--schema", "trades", "--symbols", symbol, *ONE_DAY)
    [file] = [file for file in OBSERVED if file.stem == "days_hold_what_was_processed"]
    with market.cluster.connect(market.database) as connection:
        assert judge(connection, file)["failed_rows"] == 0
        connection.execute("DELETE FROM trades_data WHERE ts_recv_ns = (SELECT min(ts_recv_ns) FROM trades_data)")
        assert judge(connection, file)["failed_rows"] == 1
