"""Decide what a run judges: verify its fixture set, and apply what the request changes in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from streamproof.fixtures.ordering import ReplayPlan
from streamproof.fixtures.timing.pace import expected_sec, factor_of
from streamproof.fixtures.timing.prefix import first_events
from streamproof.fixtures.timing.shifting import moved_replay, shift_for
from streamproof.fixtures.verify import verified_replay
from streamproof.model.errors import UsageError
from streamproof.model.fixture import FixtureReport
from streamproof.model.window import Window, window_from
from streamproof.packs.flink_jobs import FlinkProcessor
from streamproof.packs.pack import Pack
from streamproof.runs.offers import require_an_end
from streamproof.runs.request import RunRequest
from streamproof.runs.subject.sharing import marked_replay, shift_to_now, shifted_window
from streamproof.transport.kafka.mock_cluster import MOCK_MAX_BYTES, MOCK_MAX_MESSAGES

MOCK_NOTICE = (
    "Kafka is librdkafka's MOCK broker, not a real one: this run proves less than it looks. "
    "Use it only where the broker's jars cannot be had."
)
_REPLAY_ONLY = (
    "manifest", "inject", "keep_stack", "tolerate_bad_lines", "kafka", "processor", "partitions", "parallelism",
    "speed", "shift_to", "events", "faults",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Subject:
    """What a run judges: a window, and the events that it replays; mode observe replays none.

    The times of the events are moved by `shift_ms`. In a pipeline that others use, `correlation` marks the events.
    """

    window: Window
    manifest: str = ""
    sha256: str = ""
    events: int = 0
    notices: tuple[str, ...] = ()
    replay: ReplayPlan | None = None
    correlation: str = ""
    shift_ms: int = 0
    service_url: str = ""
    service_ca_file: str = ""


def replayed_subject(request: RunRequest, pack: Pack, now: datetime) -> Subject:
    """Verify the fixture set and return what a replaying run judges. Raises FixtureError or UsageError."""
    processor = pack.processor(request.processor)
    require_an_end(pack, processor)
    if request.parallelism is not None and not isinstance(processor, FlinkProcessor):
        raise UsageError(
            f"Processor {pack.processor_name(request.processor)} is no job on Flink, so it has no parallelism.",
            hint="Leave --parallelism out, or choose a --processor of kind flink.",
        )
    factor = factor_of(request.speed)
    manifest = pack.manifest(request.manifest)
    verified, fixture = verified_replay(
        manifest,
        tolerate_bad_lines=request.tolerate_bad_lines,
        one_session_per_scenario=request.mode == "smoke",
        rules=pack.replay,
    )
    replay = first_events(verified, request.events)
    shift_ms = shift_for(replay, request.shift_to, now) if request.shift_to is not None else 0
    replay = moved_replay(replay, pack.replay, shift_ms)
    return Subject(
        window=window_from(request.from_ts, request.to_ts, None, now=now) or replay.window(),
        manifest=str(manifest),
        sha256=fixture.manifest_sha256,
        events=len(replay.events),
        notices=(*fixture.notices, *_mock_notices(request, fixture), *_replay_notices(replay, shift_ms, factor)),
        replay=replay,
        shift_ms=shift_ms,
    )


def _replay_notices(replay: ReplayPlan, shift_ms: int, factor: float | None) -> Iterator[str]:
    if replay.left_out:
        yield f"Only the first {len(replay.events)} events are replayed, {replay.left_out} are left out."
    if shift_ms:
        yield f"All times are moved by {timedelta(milliseconds=abs(shift_ms))} {'on' if shift_ms > 0 else 'back'}."
    seconds = expected_sec(replay.events, factor)
    if seconds is not None:
        yield f"At {factor:g} times the original speed the replay takes {timedelta(seconds=round(seconds))}."


def shared_subject(subject: Subject, pack: Pack, correlation: str, now: datetime) -> Subject:
    """Return the subject with its events marked and moved to now. Raises FixtureError for one that cannot be marked."""
    rules, replay = pack.correlation, subject.replay
    if rules is None or replay is None:
        return subject
    shift_ms = shift_to_now(replay, now)
    notice = f"The run shares its pipeline: its events carry the prefix {correlation}, and only their rows are judged."
    return replace(
        subject,
        window=shifted_window(subject.window, rules, shift_ms),
        notices=(*subject.notices, notice),
        replay=marked_replay(replay, rules, correlation, shift_ms),
        correlation=correlation,
        shift_ms=shift_ms,
    )


def observed_subject(request: RunRequest, now: datetime) -> Subject:
    """Return what a run in mode observe judges. Raises UsageError without a window or for a replay option."""
    defaults = RunRequest()
    for field in _REPLAY_ONLY:
        if getattr(request, field) != getattr(defaults, field):
            raise UsageError(
                f"Mode observe starts, replays and writes nothing: --{field.replace('_', '-')} has no meaning there.",
                hint="Leave it out, or choose another --mode.",
            )
    window = window_from(request.from_ts, request.to_ts, None, now=now)
    if window is None:
        raise UsageError("Mode observe needs a window.", hint="Give --from-ts and --to-ts, or --lookback-hours.")
    return Subject(window)


def _mock_notices(request: RunRequest, fixture: FixtureReport) -> tuple[str, ...]:
    if request.kafka != "mock":
        return ()
    if fixture.events > MOCK_MAX_MESSAGES or fixture.value_bytes > MOCK_MAX_BYTES:
        raise UsageError(
            f"The mock broker keeps {MOCK_MAX_MESSAGES:,} messages and {MOCK_MAX_BYTES:,} bytes per partition; this "
            f"fixture set has {fixture.events:,} events of {fixture.value_bytes:,} bytes.",
            hint="Use the real broker (--kafka broker) or a smaller fixture set.",
        )
    return (MOCK_NOTICE,)
