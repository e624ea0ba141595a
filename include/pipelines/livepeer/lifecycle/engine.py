"""The interface of the lifecycle: typed rows in; silver rows out at once, stateful rows at each flush."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from pipelines.livepeer.lifecycle import silver, tables
from pipelines.livepeer.lifecycle.attribution import NOBODY, Decision, Evidence
from pipelines.livepeer.lifecycle.candidates import CapabilityIndex, Snapshot
from pipelines.livepeer.lifecycle.rules import DEFAULT_RULES, Rules
from pipelines.livepeer.lifecycle.session import Rows, Session
from pipelines.livepeer.lifecycle.session_store import MOST_OPEN, SessionStore
from pipelines.livepeer.lifecycle.signals import (
    Identity,
    IdentityCache,
    Signal,
    millis,
    notice_signal,
    read_capability,
    read_notice,
    read_status,
    read_trace,
    status_signal,
    trace_signal,
)
from pipelines.livepeer.lifecycle.state import (
    StateError,
    decode_changes,
    decode_whole,
    encode_changes,
    encode_whole,
)

Row = tuple[Any, ...]
NO_WALLET = "no_wallet"


class Lifecycle:
    """All sessions and the capability index.

    `base_version`: 0 for an empty warehouse. When state was lost, a number above every version in the warehouse, such
    as the epoch time in milliseconds. `keep_changes`: collect what `changes` returns. `reasons` counts the attribution
    reasons, and `no_wallet`, over the status and trace signals of this process. `most_open`: sessions that are kept
    ready for signals; the others take less memory.
    """

    def __init__(
        self,
        rules: Rules = DEFAULT_RULES,
        *,
        base_version: int = 0,
        keep_changes: bool = False,
        most_open: int = MOST_OPEN,
    ) -> None:
        self._rules = rules
        self._floor = base_version
        self._index = CapabilityIndex(rules)
        self._sessions = SessionStore(most_open)
        self._touched: list[Session] = []
        self._latest: Session | None = None
        # Set where records arrive out of order: only capabilities published until then count.
        self._until_ms: int | None = None
        self._identity = IdentityCache().identity
        self._keep_changes = keep_changes
        self._forget_changes()
        self.reasons: Counter[str] = Counter()
        self._readers: dict[str, Callable[[Row, str], tuple[str, Row] | None]] = {
            "ai_stream_status": self._status,
            "stream_trace_events": self._trace,
            "ai_stream_events": self._notice,
            "stream_ingest_metrics": self._ingest,
            "network_capabilities": self._capability,
        }

    @property
    def session_count(self) -> int:
        """The number of sessions held in memory."""
        return len(self._sessions)

    def apply(self, table: str, row: Row, gateway: str) -> tuple[str, Row] | None:
        """Process one typed row of an accepted record, in the order of `pipelines.livepeer.tables.COLUMNS`.

        `gateway` is the envelope's. Returns the record's silver row with its table, None when it has none. Rows of
        tables that do not concern sessions are ignored. Records must come in the order of their partition.
        """
        read = self._readers.get(table)
        return read(row, gateway) if read else None

    def read_as_of(self, published_ms: int) -> None:
        """Let the next signals see only the capabilities that were published until then, epoch milliseconds.

        Needed where capabilities and signals come by different ways, so that capabilities may be early.
        """
        self._until_ms = published_ms

    def learn(self, snapshot: Snapshot, published_ms: int) -> bool:
        """Add a capability snapshot that another operator has read. Return whether it can resolve a signal."""
        return self._index.add(snapshot, published_ms)

    def holds(self, session_id: str) -> bool:
        """Return whether the session is in memory."""
        return session_id in self._sessions

    def recall(self, changes: Iterable[bytes]) -> None:
        """Load sessions from what `changes` returned before, in order. Raises StateError."""
        for part in changes:
            self._load(*decode_changes(part))

    def start_above(self, base_version: int) -> None:
        """Let sessions that begin from now on count their versions from there."""
        self._floor = max(self._floor, base_version)

    def forget_oldest(self, most: int) -> None:
        """Remove the sessions with the oldest signals from memory until at most `most` are left.

        The caller can `recall` them. Raises StateError like `snapshot`.
        """
        self._require_flushed()
        while len(self._sessions) > most:
            self._sessions.remove(self._sessions.oldest())

    def retract(self) -> None:
        """Remove the signal of the row that was applied last, because its record was rejected afterwards."""
        session, self._latest = self._latest, None
        if session is not None and session.retract():
            self._touched.pop()
            if not session.size:
                self._sessions.remove(session.identity.session_id)

    def flush(self, now_ms: int) -> Rows:
        """Return the stateful rows of every session with new signals. `now_ms`: processing time, epoch ms."""
        rows: Rows = {table: [] for table in tables.STATEFUL_TABLES}
        for session in self._touched:
            key = session.identity.session_id
            fresh = session.advance(rows)
            session.touched_ms = now_ms
            self._sessions.add(session)
            if self._keep_changes:
                # In order of the latest signal, like the sessions.
                known = self._new_signals.pop(key, [])
                known.extend(fresh)
                self._new_signals[key] = known
        self._touched, self._latest = [], None
        self._sessions.pack()
        return {table: found for table, found in rows.items() if found}

    def expire(self, now_ms: int) -> int:
        """Forget the sessions without a signal for `session_ttl_ms` of processing time; return how many."""
        self._require_flushed()
        limit = now_ms - self._rules.session_ttl_ms
        expired = []
        for session in self._sessions:
            if session.touched_ms > limit:
                break
            expired.append(session.identity.session_id)
        for key in expired:
            # If the session starts again, its rows need versions above those written before it expired.
            self._floor = max(self._floor, self._sessions.remove(key).version)
            if self._keep_changes:
                self._new_signals.pop(key, None)
                self._expired.append(key)
        return len(expired)

    def snapshot(self) -> bytes:
        """Return the whole state. Raises StateError when rows are still to be flushed."""
        self._require_flushed()
        self._forget_changes()
        sessions = (session.entry(session.signals) for session in self._sessions)
        return encode_whole({"floor": self._floor, "capabilities": self._index.dump()}, sessions)

    def changes(self) -> bytes:
        """Return what changed since the last `snapshot` or `changes`. Raises StateError like `snapshot`."""
        self._require_flushed()
        if not self._keep_changes:
            raise StateError("changes were not collected", hint="Create or restore the lifecycle with keep_changes.")
        sessions = [self._sessions[key].entry(fresh) for key, fresh in self._new_signals.items()]
        content = {
            "floor": self._floor,
            "capabilities": self._new_snapshots,
            "sessions": sessions,
            "expired": self._expired,
        }
        self._forget_changes()
        return encode_changes(content)

    @classmethod
    def restore(
        cls,
        snapshot: bytes,
        changes: Iterable[bytes] = (),
        rules: Rules = DEFAULT_RULES,
        *,
        keep_changes: bool = False,
    ) -> Lifecycle:
        """Return the lifecycle from a snapshot and the changes since, in order. Raises StateError."""
        lifecycle = cls(rules, keep_changes=keep_changes)
        content, sessions = decode_whole(snapshot, lifecycle._index.share)
        lifecycle._index.load(content["capabilities"])
        lifecycle._floor = content["floor"]
        for entry, known in sessions:
            lifecycle._sessions.load(entry, known, lifecycle._new_session)
        for part in changes:
            content, evidence = decode_changes(part)
            for item in content["capabilities"]:
                lifecycle._index.add(Snapshot(*item))
            for key in content["expired"]:
                if key in lifecycle._sessions:
                    lifecycle._sessions.remove(key)
            lifecycle._load(content, evidence)
        return lifecycle

    def _load(self, content: dict[str, Any], evidence: list[Evidence]) -> None:
        self._floor = content["floor"]
        shared = [self._index.share(item) for item in evidence]
        for entry in content["sessions"]:
            self._sessions.load(entry, shared, self._new_session)

    def _forget_changes(self) -> None:
        self._new_snapshots: list[Snapshot] = []
        self._new_signals: dict[str, list[Signal]] = {}
        self._expired: list[str] = []

    def _require_flushed(self) -> None:
        if self._touched:
            raise StateError(
                f"{len(self._touched)} sessions have signals whose rows were not taken",
                hint="Call flush, and write what it returns, before saving or expiring state.",
            )

    def _new_session(self, identity: Identity) -> Session:
        return Session(identity, self._floor, self._rules.most_segments)

    def _receive(self, identity: Identity, signal: Signal) -> None:
        session = self._sessions.get(identity.session_id)
        if session is None:
            session = self._new_session(identity)
            self._sessions.add(session)
        self._latest = session
        if session.receive(signal):
            self._touched.append(session)

    def _attribute(self, wallet: str, url: str, time_ms: int, hint: str) -> tuple[Evidence | None, Decision]:
        """Look up the orchestrator behind a wallet, once per signal. Without a wallet there is no evidence.

        `time_ms` is the envelope's time, also for traces: capability events are stamped by the same clock.
        """
        if not wallet:
            self.reasons[NO_WALLET] += 1
            return None, NOBODY
        evidence = self._index.evidence(wallet, url, time_ms, self._until_ms)
        decision = evidence.decide(hint)
        self.reasons[decision.reason] += 1
        return evidence, decision

    def _status(self, columns: Row, gateway: str) -> tuple[str, Row]:
        del gateway  # the row has it
        row = read_status(columns)
        identity = self._identity(row.stream_id, row.request_id, row.raw_event_uid)
        time_ms, hint = millis(row.event_timestamp), row.pipeline.strip()
        evidence, decision = self._attribute(row.orchestrator_address, row.orchestrator_url, time_ms, hint)
        self._receive(identity, status_signal(row, time_ms, evidence))
        return tables.STATUS_SAMPLES, silver.status_sample(row, identity, decision)

    def _trace(self, columns: Row, gateway: str) -> tuple[str, Row]:
        row = read_trace(columns)
        identity = self._identity(row.stream_id, row.request_id, row.raw_event_uid)
        time_ms = millis(row.event_timestamp)
        evidence, decision = self._attribute(row.orchestrator_address, row.orchestrator_url, time_ms, "")
        self._receive(identity, trace_signal(row, gateway, evidence))
        return tables.TRACE_EDGES, silver.trace_edge(row, identity, gateway, decision)

    def _notice(self, columns: Row, gateway: str) -> None:
        row = read_notice(columns)
        self._receive(self._identity(row.stream_id, row.request_id, row.raw_event_uid), notice_signal(row, gateway))

    def _ingest(self, columns: Row, gateway: str) -> tuple[str, Row]:
        del gateway  # not a column
        self._latest = None
        return tables.INGEST_SAMPLES, silver.ingest_sample(columns)

    def _capability(self, columns: Row, gateway: str) -> None:
        del gateway  # not a column
        row = read_capability(columns)
        snapshot = Snapshot(*row[:6], millis(row.event_timestamp))
        if self._index.add(snapshot) and self._keep_changes:
            self._new_snapshots.append(snapshot)
