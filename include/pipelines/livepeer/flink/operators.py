"""The two keyed operators, thin: they hand records and state to the decisions of `routing` and `attribution`."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from pyflink.common import Time, Types
from pyflink.datastream import (
    KeyedBroadcastProcessFunction,
    KeyedProcessFunction,
    OutputTag,
    RuntimeContext,
)
from pyflink.datastream.state import (
    ListStateDescriptor,
    MapStateDescriptor,
    StateTtlConfig,
    ValueStateDescriptor,
)

from pipelines.livepeer import failures
from pipelines.livepeer.building import build_gate, build_processor
from pipelines.livepeer.dedup import DedupState, identify
from pipelines.livepeer.event import Event, Record
from pipelines.livepeer.flink import metrics
from pipelines.livepeer.flink.attribution import Attribution
from pipelines.livepeer.flink.build import Portable
from pipelines.livepeer.flink.messages import HeldSignal, Watermark
from pipelines.livepeer.flink.routing import Router, SignalRouter
from pipelines.livepeer.flink.settings import FlinkSettings
from pipelines.livepeer.lifecycle.rules import DEFAULT_RULES
from pipelines.livepeer.rejects import without_body

ROWS = Types.STRING()
DLQ = OutputTag("dlq", Types.STRING())
QUARANTINE = OutputTag("quarantine", Types.STRING())
SNAPSHOTS = OutputTag("capability_snapshots", Types.STRING())
SIGNALS = OutputTag("signals", Types.TUPLE([Types.STRING(), Types.LONG(), Types.STRING()]))
REJECT_TAGS = {failures.DLQ: DLQ, failures.QUARANTINE: QUARANTINE}
# The watermark of an operator as long as one of the readers has none.
NO_WATERMARK = -(1 << 63)
STARTING_MS = 45_000
# The capability snapshots of every subtask. The value is not used: the snapshot is the key.
CAPABILITIES = MapStateDescriptor("capabilities", Types.STRING(), Types.BOOLEAN())


def now_ms() -> int:
    """Return the processing time, epoch milliseconds."""
    return time.time_ns() // 1_000_000


def _expiring(descriptor: Any, ttl_ms: int) -> Any:
    """Let a state expire after a lifetime in processing time since its last change."""
    config = (
        StateTtlConfig.new_builder(Time.milliseconds(ttl_ms))
        .set_update_type(StateTtlConfig.UpdateType.OnCreateAndWrite)
        .set_state_visibility(StateTtlConfig.StateVisibility.NeverReturnExpired)
        .build()
    )
    descriptor.enable_time_to_live(config)
    return descriptor


def rejected(rejects: list[tuple[str, bytes]], most_bytes: int) -> Iterator[tuple[OutputTag, str]]:
    """Yield envelopes for their reject topics; one that is too long for its topic goes without its body."""
    for kind, body in rejects:
        yield REJECT_TAGS[kind], (body if len(body) <= most_bytes else without_body(body)).decode()


class DedupKey(Portable):
    """The key of a record: the digest of its dedup key, else its position, so that unreadable records spread."""

    def __init__(self, settings: FlinkSettings) -> None:
        super().__init__(settings)
        self._gate = build_gate(settings.common)

    def __call__(self, value: Any) -> str:
        """Return the key of a record."""
        topic, partition, offset, payload, _created = value
        event = Event(Record(topic, partition, offset, -1, payload))
        if self._gate.judge(event) is not None:
            return f"{topic}/{partition}/{offset}"
        identify(event)
        return DedupState.digest(topic, event.dedup_key).hex()


class SessionKey(Portable):
    """The key of a signal: its session."""

    def __call__(self, value: Any) -> str:
        """Return the key of a signal."""
        session_id: str = value[0]
        return session_id


class KeyedDedup(DedupState):
    """Dedup keys in Flink's keyed state. The stream is keyed by the digest, so one value a key is enough."""

    def __init__(self, ttl_ms: int, first_seen: Any) -> None:
        super().__init__(ttl_ms)
        self._state = first_seen

    def seen(self, digest: bytes, now_ms: int) -> bool:  # noqa: ARG002 - the digest is the key of the stream
        """Return whether the key was marked less than one lifetime ago."""
        first_seen = self._state.value()
        return first_seen is not None and now_ms - first_seen < self.ttl_ms

    def mark(self, digest: bytes, now_ms: int) -> None:  # noqa: ARG002
        """Remember the key from now on."""
        self._state.update(now_ms)


class Admission(Portable, KeyedProcessFunction):
    """Quality gate, dedup, parsers and size guard for one record. Keyed by the digest of the dedup key."""

    _router: Router
    _counters: metrics.GateCounters

    def __init__(self, settings: FlinkSettings) -> None:
        super().__init__(settings)
        self._settings = settings

    def open(self, runtime_context: RuntimeContext) -> None:
        """Build the core on this subtask's state."""
        common = self._settings.common
        descriptor = _expiring(ValueStateDescriptor("first_seen", Types.LONG()), common.dedup_ttl_ms)
        processor = build_processor(common)
        processor.dedup = KeyedDedup(common.dedup_ttl_ms, runtime_context.get_state(descriptor))
        self._router = Router(processor, SignalRouter())
        self._counters = metrics.GateCounters(runtime_context.get_metrics_group())

    def process_element(self, value: Any, ctx: KeyedProcessFunction.Context) -> Iterator[Any]:
        """Decide about one record."""
        topic, partition, offset, payload, _created = value
        created_ms = ctx.timestamp()
        record = Record(topic, partition, offset, -1 if created_ms is None else created_ms, payload)
        routed = self._router.route(record, now_ms())
        self._counters.count(routed.disposition, routed.oversize)
        for snapshot in routed.snapshots:
            yield SNAPSHOTS, snapshot
        yield from rejected(routed.rejects, self._settings.most_envelope_bytes)
        if routed.signal:
            yield SIGNALS, (routed.session_id, record.timestamp_ms, routed.signal)
        if routed.rows:
            yield routed.rows


class Sessions(Portable, KeyedBroadcastProcessFunction):
    """Attribution and sessions. Keyed by the session; every subtask gets all capability snapshots.

    A signal waits until the watermark shows that all capabilities published before it have arrived. When nothing has
    arrived for a while, nothing more is to be waited for. A partition without records does not hold it back for ever.
    """

    _attribution: Attribution

    def __init__(self, settings: FlinkSettings) -> None:
        super().__init__(settings)
        self._settings = settings
        self._index_is_loaded = False
        self._last_arrival_ms = 0
        # Readers on other task managers may start later than this operator: they are given more time.
        self._watermark = Watermark(NO_WATERMARK, now_ms() + STARTING_MS)
        # The pending timers by session and time domain, so that a session has one of each at a time.
        self._watermark_timers: dict[str, int] = {}
        self._quiet_timers: set[str] = set()

    def open(self, runtime_context: RuntimeContext) -> None:
        """Open the states of a session: the signals that wait, and the changes that the session is made of."""
        self._held = runtime_context.get_list_state(ListStateDescriptor("held", Types.STRING()))
        changes = ListStateDescriptor("changes", Types.STRING())
        self._changes = runtime_context.get_list_state(_expiring(changes, DEFAULT_RULES.session_ttl_ms))
        self._attribution = Attribution(build_processor(self._settings.common))

    def process_element(self, value: Any, ctx: Any) -> Iterator[Any]:
        """Hold a signal until it is due."""
        self._load_index(ctx)
        session_id, published_ms, signal = value
        self._held.add(signal)
        self._last_arrival_ms = now_ms()
        timers = ctx.timer_service()
        self._watermark = self._watermark.at(timers.current_watermark(), self._last_arrival_ms)
        if published_ms < self._watermark_timers.get(session_id, published_ms + 1):
            self._watermark_timers[session_id] = published_ms
            timers.register_event_time_timer(published_ms)
        self._wait_for_quiet(session_id, timers)
        return iter(())

    def process_broadcast_element(self, value: str, ctx: Any) -> Iterator[Any]:
        """Add a capability snapshot to the state and the index."""
        self._load_index(ctx)
        capabilities = ctx.get_broadcast_state(CAPABILITIES)
        capabilities.put(value, True)
        for outdated in self._attribution.learn(value):
            capabilities.remove(outdated)
        self._last_arrival_ms = now_ms()
        return iter(())

    def on_timer(self, timestamp: int, ctx: Any) -> Iterator[Any]:
        """Release the signals of a session that are due."""
        self._load_index(ctx)
        session_id, timers = ctx.get_current_key(), ctx.timer_service()
        # A timer of the event time is at or below the watermark; a timer of the processing time is far above it.
        present_ms = now_ms()
        self._watermark = self._watermark.at(timers.current_watermark(), present_ms)
        if timestamp <= self._watermark.published_ms:
            self._watermark_timers.pop(session_id, None)
        else:
            self._quiet_timers.discard(session_id)
        # Before its first watermark, a reader may not even have started.
        silent = present_ms - self._last_arrival_ms >= self._settings.quiet_ms
        quiet = silent and NO_WATERMARK < self._watermark.published_ms < timestamp
        held = [HeldSignal.decode(text) for text in self._held.get() or ()]
        due: list[HeldSignal] = []
        waiting: list[HeldSignal] = []
        for signal in held:
            is_due = quiet or signal.is_due(self._watermark, present_ms, self._settings.max_wait_ms)
            (due if is_due else waiting).append(signal)
        if due:
            yield from self._release(session_id, due)
            self._held.update([signal.encode() for signal in waiting])
        if waiting:
            self._watermark_timers[session_id] = min(signal.published_ms for signal in waiting)
            timers.register_event_time_timer(self._watermark_timers[session_id])
            self._wait_for_quiet(session_id, timers)

    def _wait_for_quiet(self, session_id: str, timers: Any) -> None:
        if session_id not in self._quiet_timers:
            self._quiet_timers.add(session_id)
            timers.register_processing_time_timer(max(now_ms(), self._last_arrival_ms) + self._settings.quiet_ms)

    def _release(self, session_id: str, due: list[HeldSignal]) -> Iterator[Any]:
        if not self._attribution.knows(session_id):
            self._attribution.recall(session_id, [text.encode() for text in self._changes.get() or ()], now_ms())
        released = self._attribution.release(due, now_ms())
        if released.change is not None:
            self._changes.add(released.change.decode())
        yield from released.rows
        yield from rejected(released.rejects, self._settings.most_envelope_bytes)

    def _load_index(self, ctx: Any) -> None:
        """Fill the index from the state, once: after a restart it is empty."""
        if not self._index_is_loaded:
            self._index_is_loaded = True
            for snapshot, _ in ctx.get_broadcast_state(CAPABILITIES).items():
                self._attribution.learn(snapshot)
