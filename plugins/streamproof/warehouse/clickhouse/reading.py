"""How checks and trace queries read: with settings that give a query its meaning, as far as the user may set them.

A user whose profile says `readonly = 1` may not change any setting, and ClickHouse then also passes over a SETTINGS
clause in a subquery. Such a user's queries run without settings of their own; one that would mean something else
without them is not run at all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from streamproof.model.errors import WarehouseError
from streamproof.warehouse.clickhouse.client import QUERY_TIMEOUT_SEC

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

# Explicit on every query, so that no server profile decides what a check means. An unmatched column of a left join is
# null (with the server's default it is '' or 0, and `IS NULL` can never be true); a check cannot change anything.
CHECK_SETTINGS: Mapping[str, object] = {
    "readonly": 2,
    "join_use_nulls": 1,
    "max_execution_time": QUERY_TIMEOUT_SEC,
    "result_overflow_mode": "throw",
    "read_overflow_mode": "throw",
}
# Nothing is compiled to machine code: a proof asks each check again and again, in ever new databases, and the compiler
# then costs more than the queries (golden: 13 instead of 6 CPU seconds of the engine for a second round of all checks).
UNCOMPILED: Mapping[str, object] = {
    "compile_expressions": 0,
    "compile_aggregate_expressions": 0,
    "compile_sort_description": 0,
}
# Of these, what a query's answer depends on: the others only bound how long it may take.
_MEANING = ("result_overflow_mode", "read_overflow_mode")
_HINT = (
    "Give the user `readonly = 2` instead of 1, or let it change join_use_nulls (CHANGEABLE_IN_READONLY): see "
    "docs/operations.md."
)
_OUTER_JOIN = re.compile(
    r"\b(LEFT|RIGHT|FULL)\s+((OUTER|ALL|ANY|ASOF)\s+)*JOIN\b", re.IGNORECASE
)  # anti- and semi-joins leave no column unmatched


def reading_settings(client: Client) -> dict[str, object]:
    """Return the settings to send with a query that only reads: those that the client's user may change.

    Those that only switch the compiler off are sent to a server that knows them.
    """
    known = {name: value for name, value in UNCOMPILED.items() if name in client.server_settings}
    return {name: value for name, value in {**CHECK_SETTINGS, **known}.items() if not _is_fixed(client, name)}


def needs_of(client: Client, sql: str) -> str:
    """Return what a query lacks under this user's profile to mean what it says, '' when it lacks nothing."""
    if _OUTER_JOIN.search(sql) and _is_fixed(client, "join_use_nulls"):
        return "the setting join_use_nulls = 1, which the profile of this user does not let it change"
    return ""


def refuse_profile(client: Client) -> None:
    """Raise WarehouseError when the user's profile makes an answer other than the pack's SQL means it."""
    wrong = [name for name in _MEANING if _is_fixed(client, name) and client.server_settings[name].value != "throw"]
    if _is_fixed(client, "join_use_nulls") and client.server_settings["join_use_nulls"].value != "0":
        # The views of the pack are defined with 0; a profile that fixes another value overrules them.
        wrong.append("join_use_nulls")
    if wrong:
        raise WarehouseError(
            f"The profile of this ClickHouse user fixes {', '.join(wrong)} at a value under which answers are wrong.",
            hint=_HINT,
        )


def is_frozen(client: Client) -> bool:
    """Tell whether the client's user may not choose how its queries read."""
    return _is_fixed(client, "join_use_nulls")


def _is_fixed(client: Client, name: str) -> bool:
    known = client.server_settings.get(name)
    return known is not None and bool(known.readonly)
