"""Writes a batch: rows, then reject records, then dispositions. The order stays correct through a crash."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor

from pipelines.livepeer.batches import Request, Work, requests
from pipelines.livepeer.config import SinkSettings
from pipelines.livepeer.reject_topics import RejectTopics
from pipelines.livepeer.sink import ClickHouseSink
from pipelines.livepeer.tables import DISPOSITIONS


class Writer:
    """Writes batches in the background: one round at a time, several requests of a round in parallel.

    A disposition is written after the rows that it names.
    """

    def __init__(self, sink: ClickHouseSink, reject_topics: RejectTopics, settings: SinkSettings) -> None:
        self._sink = sink
        self._reject_topics = reject_topics
        self._max_rows = settings.max_batch_rows
        self._max_bytes = settings.max_batch_bytes
        self._rounds = ThreadPoolExecutor(1, thread_name_prefix="round")
        self._inserts = ThreadPoolExecutor(settings.max_in_flight, thread_name_prefix="insert")

    def start(self, round_: list[Work]) -> Future[None]:
        """Begin to write a round. The future is done when everything is acknowledged; it may raise SinkError."""
        return self._rounds.submit(self._write, round_)

    def close(self) -> None:
        """Wait for the threads to end."""
        self._rounds.shutdown()
        self._inserts.shutdown()

    def _write(self, round_: list[Work]) -> None:
        rows = [
            request
            for work in round_
            for table, lines in work.rows.items()
            for request in self._cut(work, table, lines)
        ]
        pending = self._insert(rows)
        self._reject_topics.publish([reject for work in round_ for reject in work.rejects])
        _finish(pending)
        _finish(
            self._insert(request for work in round_ for request in self._cut(work, DISPOSITIONS, work.dispositions))
        )

    def _cut(self, work: Work, table: str, lines: list[bytes]) -> Iterable[Request]:
        return requests(work.span, table, lines, self._max_rows, self._max_bytes)

    def _insert(self, wanted: Iterable[Request]) -> list[Future[None]]:
        return [self._inserts.submit(self._sink.insert, request) for request in wanted]


def _finish(pending: list[Future[None]]) -> None:
    """Wait for all requests, so that none still runs after a failure; then raise the first error among them."""
    errors = [error for error in (future.exception() for future in pending) if error is not None]
    if errors:
        raise errors[0]
