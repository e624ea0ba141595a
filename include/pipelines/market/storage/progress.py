"""The progress table: which chunks a job has loaded. A chunk is recorded in the transaction that loads it."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg

from pipelines.market.chunks import Chunk


@dataclass(frozen=True, slots=True)
class ChunkResult:
    """What became of the records of a chunk. `downloads` counts the attempts that opened a stream.

    `covered` is the time [start, end) in ns of which the service had all records.
    """

    served: int
    stored: int
    quarantined: int
    changed: int
    downloads: int
    covered: tuple[int, int]


class DownloadProgressTracker:
    """The chunks of one job."""

    def __init__(self, connection: psycopg.Connection, job_id: str, job_type: str) -> None:
        self._connection = connection
        self._job_id = job_id
        self._job_type = job_type

    def completed(self) -> set[str]:
        """Return the identifiers of the chunks that are loaded."""
        rows = self._connection.execute(
            "SELECT chunk_identifier FROM download_progress WHERE job_id = %s", (self._job_id,)
        )
        return {row[0] for row in rows}

    def record(self, chunk: Chunk, result: ChunkResult) -> None:
        """Record a chunk as loaded. A repeated one keeps the time of its first load."""
        self._connection.execute(
            """
            INSERT INTO download_progress (
                job_id, chunk_identifier, job_type, dataset, schema_name, symbols, range_start, range_end,
                requested_start, requested_end, covered_from_ns, covered_to_ns,
                completion_status, records_served, records_processed, records_quarantined, rows_changed, downloads
            ) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 'completed', %s, %s, %s, %s, %s)
            ON CONFLICT (job_id, chunk_identifier) DO UPDATE SET
                job_type = excluded.job_type, requested_start = excluded.requested_start,
                requested_end = excluded.requested_end, covered_from_ns = excluded.covered_from_ns,
                covered_to_ns = excluded.covered_to_ns, records_served = excluded.records_served,
                records_processed = excluded.records_processed, records_quarantined = excluded.records_quarantined,
                rows_changed = excluded.rows_changed,
                downloads = download_progress.downloads + excluded.downloads, updated_at = now()
            """,
            (
                self._job_id, chunk.identifier, self._job_type, chunk.dataset, chunk.schema, list(chunk.symbols),
                chunk.start, chunk.end, *chunk.requested, *result.covered, result.served, result.stored,
                result.quarantined, result.changed, result.downloads,
            ),
        )  # fmt: skip
