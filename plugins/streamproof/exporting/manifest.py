"""What an export has written, and the manifest that says so."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from streamproof import __version__
from streamproof.exporting.candidates import Candidate, Discovery
from streamproof.exporting.records import ExportedRecord
from streamproof.exporting.request import ExportRequest
from streamproof.model.formats.json_text import to_json
from streamproof.model.window import EARLIEST, LATEST, from_epoch_ms, iso_ms
from streamproof.packs.pack import Pack
from streamproof.warehouse.values import Shape

MANIFEST = "manifest.json"
_MINUTE_MS, _HOUR_MS = 60_000, 3_600_000
_FIRST_MS, _LAST_MS = (round(moment.timestamp() * 1000) for moment in (EARLIEST, LATEST))
# Records and entities that are left out are named up to this number; all are counted.
_NAMED = 50


@dataclass(slots=True)
class Exported:
    """The content of an exported set. `shapes` are the warehouse's tables and views of the pack.

    `left_out` counts the entities and records that could not be exported; `left_out_first` names the first ones.
    """

    found: Discovery
    shapes: Mapping[str, Shape]
    events: int = 0
    left_out: dict[str, int] = field(default_factory=lambda: {"entities": 0, "records": 0})
    left_out_first: list[dict[str, Any]] = field(default_factory=list)
    # An entry is kept as JSON, which takes a tenth of the memory of its objects.
    sessions: list[tuple[Candidate, bytes]] = field(default_factory=list)
    first_ms: int | None = None
    last_ms: int | None = None

    def add(self, candidate: Candidate, entry: dict[str, Any]) -> None:
        """Add the manifest's entry of an entity."""
        times = {
            "session_start_ts": iso_ms(from_epoch_ms(candidate.start_ms)),
            "session_end_ts": None if candidate.is_open else iso_ms(from_epoch_ms(candidate.end_ms)),
        }
        self.sessions.append((candidate, orjson.dumps({**entry, **times})))
        self.events += entry["events"]

    def include(self, milliseconds: int) -> None:
        """Let the manifest's window include a time."""
        self.first_ms = milliseconds if self.first_ms is None else min(self.first_ms, milliseconds)
        self.last_ms = milliseconds if self.last_ms is None else max(self.last_ms, milliseconds)

    def leave_out(self, candidate: Candidate, reason: str) -> None:
        """Count an entity that is not exported."""
        self._left_out("entities", {"scenario": candidate.scenario, "start_ms": candidate.start_ms, "reason": reason})

    def leave_out_record(self, candidate: Candidate, record: ExportedRecord, reason: str) -> None:
        """Count a record that no line can hold."""
        place = {"topic": record.topic, "partition": record.partition, "offset": record.offset}
        self._left_out("records", {"scenario": candidate.scenario, **place, "reason": reason})

    def _left_out(self, kind: str, what: dict[str, Any]) -> None:
        self.left_out[kind] += 1
        if len(self.left_out_first) < _NAMED:
            self.left_out_first.append(what)

    def entries(self, scenario: str) -> Sequence[orjson.Fragment]:
        """Return the manifest's entries of a scenario; of an entity of several scenarios, each names the same file."""
        shared = set(self.found.shared.get(scenario, ()))
        return [orjson.Fragment(entry) for one, entry in self.sessions if one.scenario == scenario or one.id in shared]

    def as_json(self, out: Path) -> dict[str, Any]:
        """Return what is told of the export to folder `out`, as plain data."""
        return {
            "manifest": str(out.expanduser().absolute() / MANIFEST),
            "sessions": len(self.sessions),
            "events": self.events,
            "scenarios": {
                name: {"candidates": count, "sessions": len(self.entries(name))}
                for name, count in self.found.counts.items()
            },
            "left_out": dict(self.left_out),
            "notices": list(self.notices()),
        }

    def notices(self) -> Iterator[str]:
        """Yield what a user should know about the set."""
        missing = [name for name in self.found.counts if not self.entries(name)]
        if missing:
            yield f"The set has no session of {', '.join(missing)}."
        for kind, count in self.left_out.items():
            if count:
                reasons = sorted(
                    {what["reason"] for what in self.left_out_first if ("offset" in what) == (kind == "records")}
                )
                yield f"{count} {kind} are left out: {'; '.join(reasons)}. The manifest names the first of them."

    def fingerprint(self) -> dict[str, Any]:
        """Return the hash of the names, columns and types of the pack's tables and views in the warehouse."""
        columns = {name: list(self.shapes[name].columns.items()) for name in sorted(self.shapes)}
        return {"sha256": hashlib.sha256(to_json(columns, indent=False)).hexdigest(), "objects": len(columns)}


def write_manifest(
    folder: Path,
    pack: Pack,
    request: ExportRequest,
    source: Mapping[str, Any],
    exported: Exported,
    *,
    redacted: bool,
) -> None:
    """Write the manifest of a set. It is the last file that is written."""
    manifest = {
        "generated_at": iso_ms(datetime.now(UTC)),
        "window": _window(exported, request),
        "source": {**source, "pack": pack.name, "scenario_sql": _shown(request, pack)},
        "schema": exported.fingerprint(),
        "scenarios": {
            name: {"candidate_count": count, "sessions": exported.entries(name)}
            for name, count in exported.found.counts.items()
        },
        "metadata": {
            "streamproof": __version__,
            "query_window": request.window.as_json(),
            "limit_per_scenario": request.limit_per_scenario,
            "session_padding_minutes": request.session_padding_minutes,
            "open_session_duration_minutes": request.open_session_duration_minutes,
            "manifest_window_padding_minutes": request.manifest_window_padding_minutes,
            "options": dict(request.options),
            "fixture_event_source": pack.replay.event_table,
            "redacted": redacted,
            "left_out": {**exported.left_out, "first": exported.left_out_first},
        },
    }
    with (folder / MANIFEST).open("wb") as out:
        out.write(to_json(manifest))
        out.write(b"\n")


def _window(exported: Exported, request: ExportRequest) -> dict[str, str]:
    """Return whole hours around every entity and every event, with the padding around the entities.

    Context may be much older than the entities; it is included all the same.
    """
    padding = request.manifest_window_padding_minutes * _MINUTE_MS
    candidates = [one for one, _ in exported.sessions]
    first = min(min(one.start_ms for one in candidates) - padding, exported.first_ms or _LAST_MS)
    last = max(max(one.end_ms for one in candidates) + padding, exported.last_ms or 0)
    return {
        "from_ts": iso_ms(from_epoch_ms(max(first // _HOUR_MS * _HOUR_MS, _FIRST_MS))),
        "to_ts": iso_ms(from_epoch_ms(min((last // _HOUR_MS + 1) * _HOUR_MS, _LAST_MS))),
    }


def _shown(request: ExportRequest, pack: Pack) -> str:
    if request.scenario_sql is not None:
        return request.scenario_sql.name
    return pack.export.candidates if pack.export else ""
