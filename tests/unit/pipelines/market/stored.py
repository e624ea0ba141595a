"""What the database holds, in the form in which the oracle states what it must hold."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import yaml

from packs.market.oracle import Expectation
from packs.market.source import read_records

from .gateway import files_of

# How a run reads the quarantine; the lines before the query are comments.
INCLUDE = Path(__file__).resolve().parents[4] / "include"
PACK = INCLUDE / "packs/market"
SEEN = (INCLUDE / "sql/market" / "parity/quarantined_records.seen.sql").read_text(encoding="utf-8")


def expected(folder) -> dict[str, Counter]:
    """Return the expected rows of a set by table."""
    found: dict[str, Counter] = {}
    for table, row in Expectation(files_of(folder)).rows():
        found.setdefault(table, Counter())[frozenset((name, plain(value)) for name, value in row.items())] += 1
    return found


def stored(market, table: str, columns: list[str]) -> Counter:
    """Return the stored rows of a table."""
    names = ", ".join(f'"{name}"' for name in columns)
    source = f"({SEEN}) AS seen" if table == "quarantined_records" else table
    rows = market.rows(f"SELECT {names} FROM {source}")
    return Counter(frozenset((name, plain(value)) for name, value in zip(columns, row, strict=True)) for row in rows)


def plain(value):
    if isinstance(value, Decimal):
        return int(value) if value.as_tuple().exponent == 0 else format(value, ".9f")
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    if isinstance(value, dict | list):
        return json.dumps(value, sort_keys=True)
    return value


def differences(market, folder) -> dict[str, tuple[list, list]]:
    """Return (missing, unexpected) rows by table, for tables that differ."""
    found = {}
    for table, rows in expected(folder).items():
        columns = sorted(name for name, _ in next(iter(rows)))
        seen = stored(market, table, columns)
        if seen != rows:
            found[table] = ([dict(row) for row in rows - seen], [dict(row) for row in seen - rows])
    return found


def ids_differ(market, folder) -> tuple[list, list]:
    """Return the ids of records that are in no place of pack.yaml, and the ids in a place that no record has."""
    ids = yaml.safe_load((PACK / "pack.yaml").read_text(encoding="utf-8"))["accounting"]["ids"]
    seen: Counter = Counter()
    for place in (*ids["tables"], *ids["reject_tables"]):
        rows = market.rows(f"SELECT {place['sql']} FROM {place['table']} WHERE {place.get('where', 'true')}")
        seen.update(row[0] for row in rows)
    served = Counter(record.id for file in folder.glob("*.dbn.zst") for record in read_records(file))
    return sorted(served - seen), sorted(seen - served)
