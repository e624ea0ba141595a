"""Decide what a replay of dead letters sends: read the topic once, and write down what is sent and what is not."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, NamedTuple

import orjson

from streamproof.dead_letters.letters import DeadLetter, Skip, Unusable, read_letter
from streamproof.dead_letters.outgoing import outgoing_line
from streamproof.dead_letters.pipeline import Pipeline, ReplayFolder
from streamproof.dead_letters.request import ReplayRequest
from streamproof.dead_letters.retention import refuse_lost
from streamproof.model.errors import UsageError
from streamproof.model.window import from_epoch_ms, iso_ms

HOUR_MS = 3_600_000


class _Shown(NamedTuple):
    """What is shown of a letter."""

    failure_class: str
    reason: str
    event_id: str
    time: int | None


class _Candidate(NamedTuple):
    """A letter that passed window and filters. `place` and `size` are where its outgoing line is in the file."""

    origin: tuple[str, int, int]
    partition: int
    offset: int
    place: int
    size: int
    event: str
    content: bytes
    replays: int
    shown: _Shown


@dataclass(slots=True)
class _Scan:
    """What reading the topic has found so far. `most` is how often each event was sent again, by all its letters."""

    request: ReplayRequest
    now_ms: int
    pipeline: Pipeline
    lines: IO[bytes]
    skipped: IO[bytes]
    counts: Counter[str] = field(default_factory=Counter)
    candidates: list[_Candidate] = field(default_factory=list)
    most: dict[str, int] = field(default_factory=dict)
    firsts: dict[int, int | None] = field(default_factory=dict)
    edited: list[int] = field(init=False)
    read: int = 0

    def __post_init__(self) -> None:
        self.edited = [0] * len(self.request.edits)

    def all(self, retained: Mapping[int, tuple[int, int]]) -> None:
        """Read the topic between the given offsets."""
        pipeline = self.pipeline
        for record in pipeline.transport.read(pipeline.kafka, pipeline.dlq_topic, retained):
            self.firsts.setdefault(record.partition, record.milliseconds)
            self.read += 1
            letter = read_letter(record, pipeline.rules)
            if isinstance(letter, Unusable):
                # What lies outside the window is not shown as broken: nobody asked for it.
                known = letter.time is not None and not self.request.selects(letter.time)
                self.skip(Skip.OUTSIDE if known else letter.skip, record.partition, record.offset, _shown(letter))
                continue
            self.most[letter.event] = max(self.most.get(letter.event, 0), letter.replays)
            skip = self._reason(letter)
            if skip is None:
                self._keep(letter)
            else:
                self.skip(skip, letter.partition, letter.offset, _shown(letter))

    def _reason(self, letter: DeadLetter) -> Skip | None:
        request = self.request
        if not request.selects(letter.time):
            return Skip.NO_TIME if letter.time is None else Skip.OUTSIDE
        wanted_class = not request.failure_classes or letter.failure_class in request.failure_classes
        wanted_reason = not request.reasons or letter.reason in request.reasons
        return None if wanted_class and wanted_reason else Skip.FILTERED

    def _keep(self, letter: DeadLetter) -> None:
        line, changed = outgoing_line(letter, self.pipeline, self.request.edits, self.now_ms)
        self.edited = [count + made for count, made in zip(self.edited, changed, strict=True)]
        place = self.lines.tell()
        self.lines.write(line)
        self.candidates.append(
            _Candidate(
                origin=letter.origin,
                partition=letter.partition,
                offset=letter.offset,
                place=place,
                size=len(line),
                event=letter.event,
                content=letter.content,
                replays=letter.replays,
                shown=_shown(letter),
            )
        )

    def chosen(self) -> list[_Candidate]:
        """Return the letters that are sent, in the order in which their records were rejected."""
        origins: set[tuple[str, int, int]] = set()
        contents: set[tuple[str, bytes]] = set()
        chosen = []
        for found in sorted(self.candidates):
            skip = None
            if found.replays >= self.request.max_replays:
                skip = Skip.LIMIT
            elif found.replays < self.most[found.event]:
                skip = Skip.SUPERSEDED
            elif found.origin in origins or (found.event, found.content) in contents:
                skip = Skip.REPEATED
            if skip is not None:
                self.skip(skip, found.partition, found.offset, found.shown)
                continue
            origins.add(found.origin)
            contents.add((found.event, found.content))
            chosen.append(found)
        return chosen

    def skip(self, reason: Skip, partition: int, offset: int, shown: _Shown) -> None:
        """Count a record that is not sent, and name it."""
        self.counts[reason.value] += 1
        line = {"partition": partition, "offset": offset, "skipped": reason.value, **shown._asdict()}
        self.skipped.write(orjson.dumps(line) + b"\n")


def plan_replay(pipeline: Pipeline, request: ReplayRequest, replay_id: str, folder: ReplayFolder) -> dict[str, Any]:
    """Return the plan of a replay. It is made once; a replay that goes on has the plan that it began with.

    Raises UsageError when the same id stands for something else, when records that belong to the window may have been
    dropped already, or when nothing is left to send; StackError when the brokers do not answer.
    """
    existing = folder.read(folder.plan)
    if existing is not None:
        _require_same(existing, pipeline, request, replay_id)
        return existing
    folder.path.mkdir(parents=True, exist_ok=True)
    plan = _scanned(pipeline, request, replay_id, folder)
    if not plan["selected"]:
        skips = ", ".join(f"{count} {reason}" for reason, count in plan["skipped"].items()) or "the topic is empty"
        raise UsageError(
            f"Nothing is to be sent again: {plan['read']} records were read from {pipeline.dlq_topic}; {skips}.",
            hint=f"See {folder.skipped}. Choose another window, class or reason.",
        )
    folder.write(folder.plan, plan)
    return plan


def preview(pipeline: Pipeline, request: ReplayRequest, replay_id: str, folder: ReplayFolder) -> dict[str, Any]:
    """Return what a replay would send, without the right to send it. Raises as `plan_replay` does."""
    folder.path.mkdir(parents=True, exist_ok=True)
    plan = _scanned(pipeline, request, replay_id, folder)
    folder.letters.unlink(missing_ok=True)
    return plan


@contextmanager
def _complete_file(target: Path) -> Iterator[IO[bytes]]:
    """Yield a file to write. It has its name when it is complete and on the disk; after an error there is none."""
    partial = target.with_suffix(".part")
    try:
        with partial.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def _scanned(pipeline: Pipeline, request: ReplayRequest, replay_id: str, folder: ReplayFolder) -> dict[str, Any]:
    """Read the topic and write the files of letters and skipped records. Return the plan."""
    transport, now_ms = pipeline.transport, round(datetime.now(UTC).timestamp() * 1000)
    retained = dict(transport.retained(pipeline.kafka, pipeline.dlq_topic))
    output = transport.retained(pipeline.kafka, pipeline.output_topic)
    # The bodies are in a file without a name until it is known that they are to be sent: it leaves nothing behind.
    with tempfile.TemporaryFile(dir=folder.path) as lines, _complete_file(folder.skipped) as skipped:
        scan = _Scan(request, now_ms, pipeline, lines, skipped)
        scan.all(retained)
        lost = refuse_lost(request, pipeline.dlq_topic, retained, scan.firsts)
        chosen = scan.chosen()
        if chosen:
            with _complete_file(folder.letters) as sent:
                for found in chosen:
                    lines.seek(found.place)
                    sent.write(lines.read(found.size))
    return {
        "replay_id": replay_id,
        "pack": pipeline.pack.name,
        "dlq_topic": pipeline.dlq_topic,
        "output_topic": pipeline.output_topic,
        "request": request.what(),
        "planned_at": iso_ms(from_epoch_ms(now_ms)),
        "dlq_offsets": {str(number): list(span) for number, span in retained.items()},
        "output_offsets": {str(number): end for number, (_, end) in output.items()},
        "read": scan.read,
        "selected": len(chosen),
        "skipped": dict(sorted(scan.counts.items())),
        "lost": lost,
        "edits": [
            {"edit": str(edit), "changed": count} for edit, count in zip(request.edits, scan.edited, strict=True)
        ],
        "span": _span(chosen),
        "histogram": list(_histogram(chosen)),
    }


def _histogram(chosen: list[_Candidate]) -> Iterator[dict[str, Any]]:
    """Yield the number of letters by class, reason and hour of their time."""
    counts: Counter[tuple[str, str, str]] = Counter()
    for found in chosen:
        time = found.shown.time
        hour = "" if time is None else iso_ms(from_epoch_ms(time // HOUR_MS * HOUR_MS))
        counts[found.shown.failure_class, found.shown.reason, hour] += 1
    for (failure_class, reason, hour), count in sorted(counts.items()):
        yield {"failure_class": failure_class, "reason": reason, "hour": hour or None, "letters": count}


def _span(chosen: list[_Candidate]) -> dict[str, int] | None:
    """Return the half-open span of the times of what is sent, in Unix milliseconds."""
    times = [found.shown.time for found in chosen if found.shown.time is not None]
    return {"from_ms": min(times), "to_ms": max(times) + 1} if times else None


def _shown(letter: DeadLetter | Unusable) -> _Shown:
    return _Shown(letter.failure_class, letter.reason, letter.event_id, letter.time)


def _require_same(plan: Mapping[str, Any], pipeline: Pipeline, request: ReplayRequest, replay_id: str) -> None:
    """Raise UsageError when a plan is for another replay."""
    asked = {
        "pack": pipeline.pack.name,
        "dlq_topic": pipeline.dlq_topic,
        "output_topic": pipeline.output_topic,
        **request.what(),
    }
    planned = {**plan, **plan["request"]}
    for name, value in asked.items():
        if planned[name] != value:
            raise UsageError(
                f"Replay {replay_id} was planned with another {name}: {planned[name]}, not {value}.",
                hint="Give the same options to go on with it, or another --replay-id.",
            )
