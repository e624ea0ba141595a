"""A query over many rows spills to disk, so that the engine of a large run stays small."""

from __future__ import annotations

import uuid

from streamproof.warehouse.clickhouse.client import execute
from tests.integration.conftest import Warehouse

# Its keys cannot be simplified, and each group keeps a text.
GROUPING = "SELECT max(toString(number)) FROM numbers_mt(5000000) GROUP BY sipHash128(number) FORMAT Null"
SPILLED = """
SELECT ProfileEvents['ExternalAggregationWritePart'], memory_usage
FROM system.query_log
WHERE query_id = {query_id: String} AND type = 'QueryFinish'
"""


def test_a_large_grouping_spills_to_disk(warehouse: Warehouse) -> None:
    client, query_id = warehouse.empty(), uuid.uuid4().hex

    execute(client, GROUPING, settings={"query_id": query_id})
    execute(client, "SYSTEM FLUSH LOGS")
    parts, memory = client.query(SPILLED, parameters={"query_id": query_id}).result_rows[0]

    assert parts > 0
    assert memory < 500_000_000
