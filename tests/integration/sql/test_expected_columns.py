"""The file that says what the schema amounts to says what it does. `make schema-columns` writes it again."""

from __future__ import annotations

import os

import orjson
import pytest

from streamproof.stages.warehouse_check import EXPECTED_COLUMNS
from streamproof.warehouse.clickhouse.schema import read_columns
from streamproof.warehouse.common.columns import expected_columns

pytestmark = pytest.mark.engine


def test_it_is_that_of_the_schema(warehouse):
    file = warehouse.home / "include/sql/livepeer" / EXPECTED_COLUMNS
    found = read_columns(warehouse.with_schema())
    if os.environ.get("STREAMPROOF_WRITE_COLUMNS"):
        file.write_bytes(orjson.dumps(found, option=orjson.OPT_INDENT_2) + b"\n")
    assert expected_columns(file) == found
    assert {"streaming_events", "v_api_gpu_metrics", "schema_migrations"} <= found.keys()
    assert not any(name.startswith("mv_") for name in found)
