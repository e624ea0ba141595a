"""Expected and seen rows of an object of parity.yaml, compared in Python."""

from __future__ import annotations

import math
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import yaml

from streamproof.sql.blocks import read_blocks

SQL = Path(__file__).parents[3] / "include/sql/livepeer"
PARITY = SQL / "parity"
COLUMNS = orjson.loads((SQL / "expected_columns.json").read_bytes())
CLOCK = {"v_health_rollup_freshness": {"checked_at", "lag_minutes"}}
SETTINGS = {"join_use_nulls": 1}


@cache
def below() -> dict[str, dict[str, Any]]:
    """Return the entries of all objects whose expected rows are a SELECT over the layer below."""
    entries = yaml.safe_load((PARITY / "parity.yaml").read_text())
    return {name: entry for name, entry in entries.items() if entry["expected"] == "below"}


def columns(name: str) -> list[str]:
    """Return the columns of an object that have to be the same."""
    exempt = CLOCK.get(name, set() if name.startswith("v_") else {"ingestion_timestamp"})
    return [column for column in COLUMNS[name] if column not in exempt]


def statement(file: str) -> str:
    """Return the statement of the one query in a file of the folder."""
    (block,) = read_blocks(PARITY / file)
    return block.sql


def expected(client: Any, name: str) -> list[dict[str, Any]]:
    """Return the rows that the layer below gives."""
    return _ask(client, statement(f"{name}.sql"))


def seen(client: Any, name: str) -> list[dict[str, Any]]:
    """Return the rows that are there."""
    if file := below()[name].get("seen"):
        return _ask(client, statement(file))
    final = " FINAL" if below()[name].get("rows") == "set" else ""
    return _ask(client, f"SELECT {', '.join(columns(name))} FROM {name}{final}")


def differences(name: str, wanted_rows: list[dict[str, Any]], seen_rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what differs, by column, with key, expected and seen value of an example; `rows` for their number."""
    wanted, found = _by_key(wanted_rows, name), _by_key(seen_rows, name)
    result: dict[str, Any] = {}
    for key in wanted.keys() | found.keys():
        left, right = wanted.get(key, []), found.get(key, [])
        if below()[name].get("rows") == "set":
            left = right[:1] if right and right[0] in left else left[:1]
        if len(left) != len(right):
            result["rows"] = key, len(left), len(right)
            continue
        for one, other in zip(left, right, strict=True):
            result |= {
                column: (key, one[column], other[column])
                for column in columns(name)
                if not _same(
                    one[column], other[column], _tolerance(below()[name].get("tolerance", {}).get(column, 0), other)
                )
            }
    return result


def _ask(client: Any, sql: str) -> list[dict[str, Any]]:
    return list(client.query(sql, settings=SETTINGS).named_results())


def _by_key(found: list[dict[str, Any]], name: str) -> dict[tuple[Any, ...], list[dict[str, Any]]]:
    grouped: dict[tuple[Any, ...], list[dict[str, Any]]] = defaultdict(list)
    for row in found:
        kept = {column: row[column] for column in columns(name)}
        grouped[tuple(row[column] for column in below()[name]["key"])].append(kept)
    return {key: sorted(group, key=lambda row: str(list(row.values()))) for key, group in grouped.items()}


def _tolerance(stated: Any, row: dict[str, Any]) -> float:
    """The relative difference that is allowed: that of few values, where the map tells few from many."""
    if not isinstance(stated, dict):
        return float(stated)
    return float(stated["relative"] if row[stated["rows"]] > stated["exact_to"] else 1e-6)


def _same(one: Any, other: Any, tolerance: float) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isfinite(one) and math.isclose(one, other, rel_tol=tolerance)
    return type(one) is type(other) and one == other
