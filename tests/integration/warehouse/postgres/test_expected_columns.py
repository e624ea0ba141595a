"""The file that says what the schema of pack `market` amounts to says what it does. `make schema-columns` writes it."""

from __future__ import annotations

import os
from pathlib import Path

import orjson

from streamproof.stages.warehouse_check import EXPECTED_COLUMNS
from streamproof.warehouse.common.columns import expected_columns
from streamproof.warehouse.postgres.schema import check_schema, read_columns

SQL = Path(__file__).resolve().parents[4] / "include/sql/market"


def test_it_is_that_of_the_schema(empty):
    file = SQL / EXPECTED_COLUMNS
    empty.apply_schema(SQL / "schema", feed=None, retention=True)
    found = read_columns(empty.client)
    if os.environ.get("STREAMPROOF_WRITE_COLUMNS"):
        file.write_bytes(orjson.dumps(found, option=orjson.OPT_INDENT_2) + b"\n")
    assert expected_columns(file) == found
    assert {"trades_data", "download_progress", "schema_migrations"} <= found.keys()
    # So a warehouse that has these migrations can be observed.
    assert check_schema(empty.client, file, SQL / "schema", may_be_missing=()).other_types == ()
