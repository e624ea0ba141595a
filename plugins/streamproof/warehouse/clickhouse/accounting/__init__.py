"""The accounting in ClickHouse's SQL."""

from __future__ import annotations

from pathlib import Path

from streamproof.sql.dialects import CLICKHOUSE
from streamproof.warehouse.clickhouse.drain import RAW_VALUE_KINDS
from streamproof.warehouse.common.accounting import AccountingSql

ACCOUNTING = AccountingSql(Path(__file__).parent, CLICKHOUSE, RAW_VALUE_KINDS, "toString({id}) = {event:String}")
