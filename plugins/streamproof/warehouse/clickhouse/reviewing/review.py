"""Review SQL in a child process with the engine: it must parse, and name only what the schema has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from streamproof.sql.scripts import script_of
from streamproof.sql.templating import render
from streamproof.warehouse.clickhouse.binding import literal
from streamproof.warehouse.clickhouse.engine import run_engine
from streamproof.warehouse.clickhouse.migrations import engine_statements
from streamproof.warehouse.common.migrations import read_migrations
from streamproof.warehouse.values import SqlReview, SqlText

CHILD = "streamproof.warehouse.clickhouse.reviewing.engine_child"
TIMEOUT_SEC = 300
_SERVER = {"kafka_bootstrap": "none:9092", "input_topic": "topic", "raw_group": "group", "kafka_settings": {}}
# The value of a parameter that no one gives, by the beginning of its type; texts are empty.
_EMPTY = {
    "Array": "[]", "Map": "{}", "Int": "0", "UInt": "0", "Float": "0", "Decimal": "0", "Bool": "false",
    "DateTime": "2000-01-01 00:00:00", "Date": "2000-01-01", "UUID": "00000000-0000-0000-0000-000000000000",
}  # fmt: skip


def review_sql(schema: Path, texts: Sequence[SqlText], known: Mapping[str, object]) -> SqlReview:
    """Return the refusals of the engine, and the names of all objects of the schema.

    `known` are the values of parameters. Another parameter gets an empty value of its type. Raises SqlSourceError for
    a broken schema folder, WarehouseError when the engine cannot be used.
    """
    document = {
        "schema": [*_engine_tables(), *_migrations(schema, kafka=False)],
        "feed": list(_migrations(schema, kafka=True)),
        "texts": [_text(text, known) for text in texts],
    }
    found = run_engine(CHILD, document, doing="reviews SQL", timeout_sec=TIMEOUT_SEC)
    return SqlReview(tuple((source, message) for source, message in found["problems"]), frozenset(found["objects"]))


def _engine_tables() -> Iterator[dict[str, Any]]:
    return ({"source": "streamproof", "sql": statement} for statement in engine_statements())


def _migrations(schema: Path, *, kafka: bool) -> Iterator[dict[str, Any]]:
    for migration in read_migrations(schema):
        name = migration.path.name
        text = render(migration.text, {**_SERVER, "kafka": kafka, "retention": False}, name)
        for number, statement in enumerate(script_of(text, name), start=1):
            yield {"source": f"{name}, statement {number}", "sql": statement}


def _text(text: SqlText, known: Mapping[str, object]) -> dict[str, Any]:
    values = {name: _value(known[name] if name in known else _empty(kind)) for name, kind in text.parameters}
    return {"source": text.source, "sql": text.sql, "parameters": values, "count": text.count}


def _value(value: object) -> str:
    return value if isinstance(value, str) else literal(value)


def _empty(kind: str) -> str:
    bare = kind.removeprefix("Nullable(").removeprefix("LowCardinality(")
    return next((value for name, value in _EMPTY.items() if bare.startswith(name)), "")
