"""What a replay was asked to publish, and the records that follow from it: the same again after an interruption."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from streamproof.fixtures.ordering import ReplayPlan, plan_replay
from streamproof.fixtures.timing.pace import MAX, factor_of
from streamproof.fixtures.timing.prefix import first_events
from streamproof.fixtures.timing.shifting import moved_replay, shift_for
from streamproof.fixtures.verify import FORM_HINT, shown
from streamproof.model.errors import FixtureError
from streamproof.packs.pack import Pack


@dataclass(frozen=True, slots=True)
class ReplayRequest:
    """A set of events and a topic. `partitions` is the number that the topic must have, None for any.

    `speed`, `shift_to` and `events` have the same meaning as for a run. `scenarios` selects sessions; () is all.
    """

    manifest: str
    topic: str
    scenarios: tuple[str, ...] = ()
    tolerate_bad_lines: bool = False
    speed: str = MAX
    shift_to: str | None = None
    events: int | None = None
    partitions: int | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """The records of a replay, moved by `shift_ms` milliseconds. `factor` is its speed, None for the highest."""

    request: ReplayRequest
    replay: ReplayPlan
    factor: float | None
    shift_ms: int


@dataclass(frozen=True, slots=True)
class Started:
    """What is known of a replay that has begun. `records` counts all its records; times are ISO-8601 UTC.

    `start_offsets` are the end offsets of the topic by partition (as text) before the first record. `pack_file` and the
    manifest are absolute paths; `sha256` is the hash of the manifest, and `value_bytes` the size of all values.
    """

    run_id: str
    request: ReplayRequest
    pack_file: str
    sha256: str
    records: int
    value_bytes: int
    shift_ms: int
    start_offsets: Mapping[str, int]
    started_at: str


def prepare(request: ReplayRequest, pack: Pack, now: datetime) -> Prepared:
    """Read the set of a new replay. Raises FixtureError or UsageError for what cannot be replayed."""
    factor = factor_of(request.speed)
    replay = _part_of_set(request, pack)
    shift_ms = shift_for(replay, request.shift_to, now) if request.shift_to is not None else 0
    return Prepared(request, moved_replay(replay, pack.replay, shift_ms), factor, shift_ms)


def prepare_again(started: Started, pack: Pack) -> Prepared:
    """Read the set of a replay that has begun. Raises FixtureError when it has changed since."""
    replay = moved_replay(_part_of_set(started.request, pack), pack.replay, started.shift_ms)
    if (replay.manifest.sha256, len(replay.events), value_bytes(replay)) != (
        started.sha256,
        started.records,
        started.value_bytes,
    ):
        raise FixtureError(
            f"The fixture set {started.request.manifest} has changed since replay {started.run_id} began.",
            hint="Restore it, or begin another replay into another topic.",
        )
    return Prepared(started.request, replay, factor_of(started.request.speed), started.shift_ms)


def value_bytes(replay: ReplayPlan) -> int:
    """Return the size of all values of a replay in bytes."""
    return sum(max(event.size, 0) for event in replay.events)


def _part_of_set(request: ReplayRequest, pack: Pack) -> ReplayPlan:
    whole = plan_replay(Path(request.manifest), pack.replay, scenarios=request.scenarios)
    problems = (*whole.problems, *(() if request.tolerate_bad_lines else whole.bad_lines))
    if problems:
        raise FixtureError(shown(problems), hint=FORM_HINT)
    if not whole.events:
        raise FixtureError(f"{request.manifest}: no event is left to publish.", hint=FORM_HINT)
    return first_events(whole, request.events)
