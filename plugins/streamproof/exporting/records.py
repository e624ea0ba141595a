"""The records of a batch of entities, as the pack's queries return them: merged, in order, each once."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import Any, NamedTuple

from streamproof.exporting.candidates import Candidate
from streamproof.exporting.sql_files import ask
from streamproof.model.errors import SqlSourceError
from streamproof.model.fixture import DISPOSITIONS, Expectation, Header
from streamproof.model.window import Window, from_epoch_ms
from streamproof.sql.blocks import Block
from streamproof.warehouse.base import Warehouse
from streamproof.warehouse.values import RowStream

ORDER = ("entity_number", "event_ms", "record_topic", "record_partition", "record_offset")
_MINUTE_MS = 60_000


class ExportedRecord(NamedTuple):
    """One record of an entity. The first five fields are the order of a file, and identify it.

    `entity` is the position in the batch, `ms` the event time in Unix milliseconds. `query` is the number of the query
    that returned it. `key` is None where the warehouse does not keep keys.
    """

    entity: int
    ms: int
    topic: str
    partition: int
    offset: int
    query: int
    value: bytes
    key: bytes | None
    headers: tuple[Header, ...]
    expect: Expectation | None


def records_of(
    warehouse: Warehouse, queries: Sequence[Block], batch: Sequence[Candidate], parameters: Mapping[str, object]
) -> Iterator[ExportedRecord]:
    """Yield the records of a batch by entity, time and position. A record that several queries return comes once.

    Raises SqlSourceError for a query whose rows have other columns or another order, WarehouseError.
    """
    given = {**parameters, **_entities(batch, int(str(parameters["session_padding_minutes"])) * _MINUTE_MS)}
    with ExitStack() as stack:
        streams = []
        for number, query in enumerate(queries):
            rows = stack.enter_context(ask(warehouse, query, given))
            _require_columns(query, rows)
            streams.append(_in_order(query, _records(number, rows)))
        last: tuple[Any, ...] = ()
        for record in heapq.merge(*streams):
            if record[: len(ORDER)] != last:
                yield record
            last = record[: len(ORDER)]


def _entities(batch: Sequence[Candidate], padding_ms: int) -> dict[str, object]:
    """Return the parameters that name the entities, with the span of time in which their records are searched."""
    first = min(one.start_ms for one in batch) - padding_ms
    last = max(one.end_ms for one in batch) + padding_ms
    span = Window(from_epoch_ms(first), from_epoch_ms(last + 1)).query_parameters()
    return {
        "entity_ids": [one.id for one in batch],
        "entity_starts": [one.start_ms for one in batch],
        "entity_ends": [one.end_ms for one in batch],
        "scan_from": span["from_ts"],
        "scan_to": span["to_ts"],
    }


def _require_columns(query: Block, rows: RowStream) -> None:
    needed = (*ORDER, "value")
    # A result without rows has no columns either.
    if rows.columns and (missing := [name for name in needed if name not in rows.columns]):
        raise SqlSourceError(
            f"{query.source}:{query.line}: the query returns no column {', '.join(missing)}.",
            hint=f"A query for records returns {', '.join(needed)}: see docs/write-a-pack.md, section Export.",
        )


def _records(number: int, rows: RowStream) -> Iterator[ExportedRecord]:
    for row in rows.named():
        names, values = row.get("header_names") or (), row.get("header_values") or ()
        yield ExportedRecord(
            entity=int(row["entity_number"]),
            ms=int(row["event_ms"]),
            topic=_text(row["record_topic"]),
            partition=int(row["record_partition"]),
            offset=int(row["record_offset"]),
            query=number,
            value=bytes(row["value"]),
            key=bytes(row["key"]) if "key" in row else None,
            headers=tuple((_text(name), value) for name, value in zip(names, values, strict=True)),
            expect=_expectation(row),
        )


def _in_order(query: Block, records: Iterator[ExportedRecord]) -> Iterator[ExportedRecord]:
    last: tuple[Any, ...] | None = None
    for record in records:
        place = record[: len(ORDER)]
        if last is not None and place < last:
            raise SqlSourceError(
                f"{query.source}:{query.line}: the rows of '{query.name}' are not in order.",
                hint=f"End the query with ORDER BY {', '.join(ORDER)}.",
            )
        last = place
        yield record


def _expectation(row: Mapping[str, Any]) -> Expectation | None:
    disposition = _text(row.get("disposition"))
    if disposition not in DISPOSITIONS:
        return None
    return Expectation(disposition, _text(row.get("failure_class")), _text(row.get("failure_reason")))


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else "" if value is None else str(value)
