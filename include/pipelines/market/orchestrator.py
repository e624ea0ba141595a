"""The orchestrator: takes each chunk of a job through the stages. A chunk is loaded whole or not at all."""

from __future__ import annotations

import json
import logging
import re
import resource
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from pipelines.market.api.adapter import DatabentoAdapter, Download
from pipelines.market.availability import available
from pipelines.market.chunks import Chunk, chunks_of, spans_of
from pipelines.market.errors import BadInputError
from pipelines.market.jobs import Job
from pipelines.market.settings import Settings
from pipelines.market.stages.extraction import Refused, extract
from pipelines.market.stages.rules import Row, RuleEngine
from pipelines.market.stages.validation import Validator
from pipelines.market.storage.database import one_at_a_time, refusals, require_schema
from pipelines.market.storage.loader import TimescaleLoader
from pipelines.market.storage.progress import ChunkResult, DownloadProgressTracker
from pipelines.market.storage.quarantine import Quarantine
from pipelines.market.storage.tables import TABLES

_LOG = logging.getLogger(__name__)
_ROUNDED = ("fetch_seconds", "seconds")


@dataclass(slots=True)
class Totals:
    """The sums of a run. `skipped` chunks were loaded by an earlier run; `forced`: such chunks were loaded again.

    The service has no data of `absent` chunks.

    `seconds` are those of the whole run, `fetch_seconds` those of its downloads, attempts that failed included.
    """

    chunks: int = 0
    skipped: int = 0
    absent: int = 0
    served: int = 0
    stored: int = 0
    quarantined: int = 0
    changed: int = 0
    downloads: int = 0
    crossed: int = 0
    forced: bool = False
    unresolved: set[str] = field(default_factory=set)
    fetch_seconds: float = 0.0
    seconds: float = 0.0

    def add(self, result: ChunkResult) -> None:
        """Add a chunk."""
        self.chunks += 1
        self.served += result.served
        self.stored += result.stored
        self.quarantined += result.quarantined
        self.changed += result.changed
        self.downloads += result.downloads

    def as_dict(self) -> dict[str, Any]:
        """Return the sums as JSON has them, with the rate and the peak of memory (bytes)."""
        return {
            **{name: getattr(self, name) for name in self.__slots__ if name not in _ROUNDED and name != "unresolved"},
            "unresolved": sorted(self.unresolved),
            **{name: round(getattr(self, name), 3) for name in _ROUNDED},
            "records_per_second": round(self.served / self.seconds) if self.seconds else 0,
            "peak_rss_bytes": _peak_rss(),
        }


class PipelineOrchestrator:
    """Runs one job. With `force`, chunks that are loaded already are fetched and compared again."""

    def __init__(self, connection: psycopg.Connection, settings: Settings, *, force: bool) -> None:
        self._connection = connection
        self._settings = settings
        self._force = force

    def run(self, job_id: str, job: Job) -> Totals:
        """Run the job and return its sums. Raises PipelineError; chunks that were loaded before stay."""
        begun = time.monotonic()
        _LOG.info("Pipeline execution started for job: %s", job_id)
        require_schema(self._connection)
        adapter = DatabentoAdapter(self._settings)
        totals = Totals(forced=self._force)
        with one_at_a_time(self._connection, job_id):
            tracker = DownloadProgressTracker(self._connection, job_id, job.job_type)
            for chunk in self._open_chunks(job, tracker, adapter, totals):
                totals.add(self._load(job_id, chunk, adapter, tracker, totals))
        totals.seconds = time.monotonic() - begun
        # The line stays short: of the symbols it has the number only.
        _LOG.info("Figures: %s", json.dumps(totals.as_dict() | {"unresolved": len(totals.unresolved)}))
        _LOG.info("Pipeline execution completed successfully")
        return totals

    def _open_chunks(
        self, job: Job, tracker: DownloadProgressTracker, adapter: DatabentoAdapter, totals: Totals
    ) -> Iterator[Chunk]:
        """Yield the chunks that are to be loaded, after the cost of all of them was shown."""
        chunks = list(chunks_of(job))
        done = set() if self._force else tracker.completed()
        remaining = [chunk for chunk in chunks if chunk.identifier not in done]
        totals.skipped = len(chunks) - len(remaining)
        if totals.skipped:
            _LOG.info("%d of %d chunks are loaded already", totals.skipped, len(chunks))
        there = available(adapter, remaining, nothing_is_wrong=bool(totals.skipped))
        totals.absent = len(remaining) - len(there)
        if there:
            announce(adapter, there, nothing_is_wrong=bool(totals.skipped))
        yield from there

    def _load(
        self, job_id: str, chunk: Chunk, adapter: DatabentoAdapter, tracker: DownloadProgressTracker, totals: Totals
    ) -> ChunkResult:
        """Load a chunk in one transaction. Its quarantine file gets its name after the commit."""
        before, begun = adapter.downloads, time.monotonic()
        with adapter.fetch(chunk) as download, Quarantine(self._settings.quarantine_dir, chunk, job_id) as quarantine:
            totals.fetch_seconds += time.monotonic() - begun
            with refusals(chunk.identifier), self._connection.transaction():
                stored, changed, crossed = self._store(chunk, download, quarantine)
                quarantine.add_symbols(download.unresolved)
                quarantine.store(self._connection)
                loaded = (stored, quarantine.records, changed, adapter.downloads - before)
                result = ChunkResult(download.records, *loaded, download.covered)
                tracker.record(chunk, result)
            quarantine.publish()
        totals.crossed += crossed
        totals.unresolved.update(download.unresolved)
        for symbol, reason in sorted(download.unresolved.items()):
            _LOG.warning("Symbol %s of %s is quarantined: %s", symbol, chunk.identifier, reason)
        _LOG.info("TimescaleLoader: %d records stored successfully (%d rows changed)", stored, changed)
        return result

    def _store(self, chunk: Chunk, download: Download, quarantine: Quarantine) -> tuple[int, int, int]:
        """Take the records through the stages; return rows stored, rows changed and crossed quotes."""
        loader = TimescaleLoader(self._connection)
        table = TABLES[chunk.schema]
        classes = {} if chunk.schema == "definition" else loader.instrument_classes(chunk.dataset, chunk.end)
        engine = RuleEngine(chunk.schema, chunk.dataset, download.symbols)
        validator = Validator(chunk.schema, chunk.dataset, classes, chunk.window_ns)
        transformed = engine.transform(extract(chunk.schema, download.store))
        with loader.staging(table) as staging:
            for item in validator.validate(transformed):
                _place(item, staging.add, quarantine.add)
        _LOG.info("RuleEngine transformation completed: %d records processed", staging.rows + quarantine.records)
        _LOG.info("Validation completed: %d valid, %d quarantined", staging.rows, quarantine.records)
        return staging.rows, loader.upsert(table), validator.crossed


def announce(adapter: DatabentoAdapter, chunks: list[Chunk], *, nothing_is_wrong: bool) -> float:
    """Log what the chunks will cost and return it in US dollars, before anything is fetched.

    Raises BadInputError when they hold no record, unless `nothing_is_wrong` with that.
    """
    costs = [adapter.cost_of(span) for span in spans_of(chunks)]
    dollars, records = sum(cost for cost, _ in costs), sum(count for _, count in costs)
    _LOG.info("Cost of %d chunks with %d records: %.2f US dollars", len(chunks), records, dollars)
    if not records and not nothing_is_wrong:
        raise BadInputError("The range holds no record.", hint="Check the symbols and the days; markets close.")
    return dollars


def _place(item: tuple[int, Row] | Refused, store: Any, refuse: Any) -> None:
    if isinstance(item, Refused):
        refuse(item)
    else:
        store(item[1])


def _peak_rss() -> int:
    """Return the peak of this program's memory in bytes.

    Linux hands the peak in `ru_maxrss` on from the program that started this one, so it is read elsewhere there.
    """
    status = Path("/proc/self/status")
    if status.exists():
        found = re.search(r"^VmHWM:\s+(\d+) kB$", status.read_text(), re.MULTILINE)
        if found:
            return int(found[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
