"""The pure core: one record in, one outcome out. It has no I/O and no clock; its state is dedup keys and sessions."""

from __future__ import annotations

from typing import Any

import orjson

from pipelines.livepeer import failures, rejects
from pipelines.livepeer.dedup import DedupState, identify
from pipelines.livepeer.errors import FieldError
from pipelines.livepeer.event import Event, Record
from pipelines.livepeer.failures import Failure
from pipelines.livepeer.fields import loose_text, moment
from pipelines.livepeer.gate import QualityGate
from pipelines.livepeer.identity import event_uid
from pipelines.livepeer.lifecycle.engine import Lifecycle
from pipelines.livepeer.parsers import FAMILIES, Row
from pipelines.livepeer.tables import DLQ, QUARANTINE

# Event ids and types come from producers and may be of any length. A disposition row repeats only this many characters.
LONGEST_LABEL = 256

REJECT_TABLES = {failures.DLQ: DLQ, failures.QUARANTINE: QUARANTINE}


class Outcome:
    """What became of one record.

    `disposition` is `accepted`, `ignored`, `dlq` or `quarantine`. `rows` are (table, rendered row) with reject rows
    included, one JSON array each. `rejects` are (disposition, envelope) for the reject topics. `disposition_row` is the
    record's row in `record_dispositions`. `oversize` counts the reject rows that the size guard dropped.
    """

    __slots__ = ("disposition", "disposition_row", "oversize", "rejects", "rows")

    def __init__(self) -> None:
        self.disposition = failures.ACCEPTED
        self.rows: list[tuple[str, bytes]] = []
        self.rejects: list[tuple[str, bytes]] = []
        self.disposition_row = b""
        self.oversize = 0


class Processor:
    """Quality gate, dedup, parsers, size guard and sessions, in this order.

    `max_row_bytes`: longest row of a record that is written. `lifecycle`: the sessions, none known by default; what its
    `flush` returns belongs to no single record and is left to the caller.
    """

    def __init__(
        self, gate: QualityGate, dedup: DedupState, max_row_bytes: int, lifecycle: Lifecycle | None = None
    ) -> None:
        self._gate = gate
        self.dedup = dedup
        self.max_row_bytes = max_row_bytes
        self.lifecycle = Lifecycle() if lifecycle is None else lifecycle

    def process(self, record: Record, now_ms: int) -> Outcome:
        """Decide about one record. `now_ms`: processing time, epoch milliseconds. Never raises, whatever the value."""
        event, outcome = Event(record), Outcome()
        failure = self._gate.judge(event)
        found = self._admit(event, outcome, now_ms) if failure is None else [failure]
        for failure in found:
            self._reject(event, failure, outcome, now_ms)
        outcome.disposition_row = self._disposition_row(event, found[0] if found else None, outcome, now_ms)
        return outcome

    def reject(self, record: Record, failure: Failure, now_ms: int, rows: list[tuple[str, bytes]]) -> Outcome:
        """Reject a record that was admitted before, and whose `rows` are written. `now_ms` as for `process`."""
        event, outcome = Event(record), Outcome()
        self._gate.judge(event)
        identify(event)
        outcome.rows += rows
        self._reject(event, failure, outcome, now_ms)
        outcome.disposition_row = self._disposition_row(event, failure, outcome, now_ms)
        return outcome

    def _admit(self, event: Event, outcome: Outcome, now_ms: int) -> list[Failure]:
        """Pass an event through dedup, the parsers and its session. Return the failures, in order."""
        identify(event)
        digest = self.dedup.digest(event.record.topic, event.dedup_key)
        if self.dedup.seen(digest, now_ms):
            return [failures.DUPLICATE]
        event.uid = event_uid(event.event_id, event.text or "")
        found: list[Failure] = []
        typed: list[tuple[str, list[Row]]] = []
        for table, parse in FAMILIES[event.event_type]:
            try:
                if event.when is None:
                    event.when = moment(event.timestamp_ms or 0)
                rows = parse(event)
                rendered = [orjson.dumps(row) for row in rows]
            except FieldError as error:
                # Only a FieldError is the payload's fault. Any other exception is a bug and stops the job.
                found.append(failures.unparseable(table, error))
            else:
                found += self._guard(table, rendered, outcome)
                typed.append((table, rows))
        if not found:
            found = self._follow(event, typed, outcome)
        if not found:
            # Only accepted records are marked: a replay of a failed record must not be taken for a duplicate.
            self.dedup.mark(digest, now_ms)
        return found

    def _follow(self, event: Event, typed: list[tuple[str, list[Row]]], outcome: Outcome) -> list[Failure]:
        """Pass the rows of an accepted event to the lifecycle and keep the silver row that it returns.

        A silver row repeats the event's typed rows and adds names from capabilities. It is too long only when those
        names are absurdly long. Such an event is withdrawn from its session, too.
        """
        apply, gateway, rendered = self.lifecycle.apply, loose_text(event.root.get("gateway")), outcome.rows
        for table, rows in typed:
            for row in rows:
                silver = apply(table, row, gateway)
                if silver is None:
                    continue
                target, line = silver[0], orjson.dumps(silver[1])
                if len(line) > self.max_row_bytes:
                    self.lifecycle.retract()
                    return [failures.too_large(target, 1, len(line), self.max_row_bytes)]
                rendered.append((target, line))
        return []

    def _guard(self, table: str, rendered: list[bytes], outcome: Outcome) -> list[Failure]:
        """Keep the rows that are not too long; return the failure of the others."""
        limit, held_back = self.max_row_bytes, []
        for line in rendered:
            if len(line) <= limit:
                outcome.rows.append((table, line))
            else:
                held_back.append(len(line))
        return [failures.too_large(table, len(held_back), max(held_back), limit)] if held_back else []

    def _reject(self, event: Event, failure: Failure, outcome: Outcome, now_ms: int) -> None:
        """Add the reject of a failure: an envelope and, if short enough, a row; nothing for an ignored record."""
        if outcome.disposition == failures.ACCEPTED:
            outcome.disposition = failure.disposition
        if failure.disposition == failures.IGNORED:
            return
        outcome.rejects.append((failure.disposition, rejects.envelope(event, failure, now_ms)))
        line = orjson.dumps(rejects.row(event, failure, now_ms))
        if len(line) <= self.max_row_bytes:
            outcome.rows.append((REJECT_TABLES[failure.disposition], line))
        else:
            outcome.oversize += 1

    @staticmethod
    def _disposition_row(event: Event, failure: Failure | None, outcome: Outcome, now_ms: int) -> bytes:
        record = event.record
        written: dict[str, int] = {}
        for table, _ in outcome.rows:
            written[table] = written.get(table, 0) + 1
        columns: tuple[Any, ...] = (
            record.topic,
            record.partition,
            record.offset,
            rejects.record_moment(event, now_ms),
            event.event_id[:LONGEST_LABEL],
            event.event_type[:LONGEST_LABEL],
            rejects.event_moment(event),
            outcome.disposition,
            failure.stage if failure else "",
            failure.failure_class if failure else "",
            failure.reason if failure else "",
            event.dedup_key,
            event.dedup_strategy,
            int(event.replay),
            written,
        )
        return orjson.dumps(columns)
