"""The accounting in PostgreSQL's SQL."""

from __future__ import annotations

from pathlib import Path

from streamproof.sql.dialects import POSTGRES
from streamproof.warehouse.common.accounting import AccountingSql
from streamproof.warehouse.postgres.duplicating import duplicating
from streamproof.warehouse.values import ALL_VALUE_KINDS

ACCOUNTING = AccountingSql(
    Path(__file__).parent, POSTGRES, ALL_VALUE_KINDS, "{id}::text = {event:text}", {"twice": duplicating}
)
