"""The settings of checks and trace queries, as far as the user may change them.

A user with `readonly = 1` in the profile may not change any setting, and ClickHouse also ignores a SETTINGS clause in a
subquery then. Queries of such a user run with the settings of the profile. A query whose answer would be wrong with
them does not run.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from streamproof.model.errors import WarehouseError
from streamproof.warehouse.clickhouse.client import QUERY_TIMEOUT_SEC

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

# Sent with every query, so that a check means the same under every server profile. `readonly`: a check cannot change
# anything. `join_use_nulls`: an unmatched column of a left join is NULL. By default it is '' or 0, and `IS NULL` would
# never be true.
CHECK_SETTINGS: Mapping[str, object] = {
    "readonly": 2,
    "join_use_nulls": 1,
    "max_execution_time": QUERY_TIMEOUT_SEC,
    "result_overflow_mode": "throw",
    "read_overflow_mode": "throw",
}
# These settings switch the compiler off. A proof runs each check many times in new databases, and the compiler then
# takes longer than the queries (set golden: 13 instead of 6 CPU seconds for a second round of all checks).
UNCOMPILED: Mapping[str, object] = {
    "compile_expressions": 0,
    "compile_aggregate_expressions": 0,
    "compile_sort_description": 0,
}
# Settings of CHECK_SETTINGS that change an answer when they are fixed at another value.
_MEANING = ("result_overflow_mode", "read_overflow_mode")
_HINT = (
    "Give the user `readonly = 2` instead of 1, or let it change join_use_nulls (CHANGEABLE_IN_READONLY): see "
    "docs/operations.md."
)
_OUTER_JOIN = re.compile(
    r"\b(LEFT|RIGHT|FULL)\s+((OUTER|ALL|ANY|ASOF)\s+)*JOIN\b", re.IGNORECASE
)  # anti- and semi-joins have no unmatched columns


def reading_settings(client: Client) -> dict[str, object]:
    """Return the settings to send with a read-only query: those that the client's user may change.

    The compiler settings are sent only to a server that knows them.
    """
    known = {name: value for name, value in UNCOMPILED.items() if name in client.server_settings}
    return {name: value for name, value in {**CHECK_SETTINGS, **known}.items() if not _is_fixed(client, name)}


def needs_of(client: Client, sql: str) -> str:
    """Return the setting that the query needs and this user may not change, '' when nothing is missing."""
    if _OUTER_JOIN.search(sql) and _is_fixed(client, "join_use_nulls"):
        return "the setting join_use_nulls = 1, which the profile of this user does not let it change"
    return ""


def refuse_profile(client: Client) -> None:
    """Raise WarehouseError when the user's profile fixes a setting at a value that makes answers wrong."""
    wrong = [name for name in _MEANING if _is_fixed(client, name) and client.server_settings[name].value != "throw"]
    if _is_fixed(client, "join_use_nulls") and client.server_settings["join_use_nulls"].value != "0":
        # The views of a pack are written for the value 0. A profile that fixes another value overrides it.
        wrong.append("join_use_nulls")
    if wrong:
        raise WarehouseError(
            f"The profile of this ClickHouse user fixes {', '.join(wrong)} at a value that makes query results wrong.",
            hint=_HINT,
        )


def is_frozen(client: Client) -> bool:
    """Return whether the client's user may not change the setting `join_use_nulls`."""
    return _is_fixed(client, "join_use_nulls")


def _is_fixed(client: Client, name: str) -> bool:
    known = client.server_settings.get(name)
    return known is not None and bool(known.readonly)
