"""Quarantine: what is not stored is kept, as a file of a chunk and in a table, with the reason and the whole record."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self

import psycopg
from psycopg.types.json import Jsonb

from pipelines.market.chunks import Chunk
from pipelines.market.stages.extraction import Refused
from pipelines.market.stages.records import UNDEF_TIME

_COLUMNS = (
    "chunk_identifier", "position", "job_id", "dataset", "schema_name", "stage", "rule", "message", "symbol",
    "publisher_id", "instrument_id", "ts_event_ns", "ts_recv_ns", "record",
)  # fmt: skip


class Quarantine:
    """The quarantine of one chunk: entries are written to a file beside the final one, one a line of a JSON array.

    `store` copies them into the table, `publish` renames the file. Leaving the context without `publish` removes it.
    """

    def __init__(self, folder: Path, chunk: Chunk, job_id: str) -> None:
        self._chunk = chunk
        self._job_id = job_id
        name = "".join(letter if letter.isalnum() or letter in "-." else "_" for letter in chunk.identifier)
        self._file = folder / f"databento_validation_{name}.json"
        self._partial = self._file.with_suffix(".json.part")
        self._published = False
        self.records = 0
        self.entries = 0

    def __enter__(self) -> Self:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._out = self._partial.open("w", encoding="utf-8")
        self._out.write("[")
        return self

    def __exit__(self, *_: object) -> None:
        self._out.close()
        if not self._published:
            self._partial.unlink(missing_ok=True)

    def add(self, refused: Refused) -> None:
        """Add a record that is not stored."""
        self.records += 1
        self._write(refused)

    def add_symbols(self, unresolved: Mapping[str, str]) -> None:
        """Add the symbols that the service did not resolve; they have negative positions."""
        for position, (symbol, reason) in enumerate(sorted(unresolved.items()), start=1):
            self._write(Refused(-position, "extraction", "unresolved_symbol", reason, {"symbol": symbol}, symbol))

    def _write(self, refused: Refused) -> None:
        record = refused.record
        entry = {
            "chunk_identifier": self._chunk.identifier,
            "position": refused.position,
            "job_id": self._job_id,
            "dataset": self._chunk.dataset,
            "schema_name": self._chunk.schema,
            "stage": refused.stage,
            "rule": refused.rule,
            "message": refused.message,
            "symbol": refused.symbol or record.get("symbol"),
            "publisher_id": record.get("publisher_id"),
            "instrument_id": record.get("instrument_id"),
            "ts_event_ns": _time(record.get("ts_event_ns", record.get("ts_event"))),
            "ts_recv_ns": _time(record.get("ts_recv_ns", record.get("ts_recv"))),
            "record": record,
        }
        self._out.write(f"{',' if self.entries else ''}\n{json.dumps(entry)}")
        self.entries += 1

    def store(self, connection: psycopg.Connection) -> None:
        """Replace the chunk's entries in the table, within the caller's transaction."""
        self._out.write("\n]\n")
        self._out.flush()
        connection.execute("DELETE FROM quarantined_records WHERE chunk_identifier = %s", (self._chunk.identifier,))
        statement = f"COPY quarantined_records ({', '.join(_COLUMNS)}) FROM STDIN"
        with connection.cursor() as cursor, cursor.copy(statement) as copy:
            for entry in self._written():
                copy.write_row([Jsonb(entry[name]) if name == "record" else entry[name] for name in _COLUMNS])

    def _written(self) -> Iterator[dict[str, Any]]:
        with self._partial.open(encoding="utf-8") as lines:
            for line in lines:
                if line.startswith("{"):
                    yield json.loads(line.rstrip(",\n"))

    def publish(self) -> None:
        """Give the file its name; a chunk without entries has none."""
        self._out.flush()
        os.fsync(self._out.fileno())
        if self.entries:
            self._partial.replace(self._file)
            self._published = True
        else:
            self._file.unlink(missing_ok=True)


def _time(time_ns: int | None) -> int | None:
    """Return a time, None for the sentinel: a record that was refused before its transformation still has it."""
    return None if time_ns == UNDEF_TIME else time_ns
