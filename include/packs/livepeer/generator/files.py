"""Writes sessions as a fixture set: one JSON Lines file per session, and the manifest with counts and checksums."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from packs.livepeer.generator.lines import FIRST_FAMILY, TABLE, Line
from packs.livepeer.generator.seeded_random import BASE_MS, HOUR
from packs.livepeer.generator.session_builder import SessionBuilder

_UNSAFE = re.compile("[^A-Za-z0-9._-]")
_DISPOSITIONS = ("dlq", "quarantine", "ignored")


@dataclass(slots=True)
class _Totals:
    """The totals of the manifest, updated while the files are written."""

    first_ms: int = 2**62
    last_ms: int = 0
    records: int = 0
    expected: dict[str, Counter[str]] = field(default_factory=lambda: {name: Counter() for name in _DISPOSITIONS})
    capability_ids: set[str] = field(default_factory=set)

    def count(self, lines: Iterable[Line]) -> None:
        """Count the lines of one file. A capability event that occurs in several files is published once."""
        here = set()
        for line in lines:
            if line.family == FIRST_FAMILY and line.event_id and line.expect is None:
                if line.event_id in self.capability_ids:
                    continue
                here.add(line.event_id)
            self.records += 1
            self.first_ms, self.last_ms = min(self.first_ms, line.order_ms), max(self.last_ms, line.order_ms)
            if line.expect and line.expect.disposition in self.expected:
                self.expected[line.expect.disposition][line.family] += 1
        self.capability_ids |= here


def iso(milliseconds: int) -> str:
    """Return Unix milliseconds as ISO-8601 in UTC with three decimals."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def write_set(
    out_dir: Path,
    builders: Iterable[SessionBuilder],
    *,
    description: str,
    progress: Callable[[int], object] | None = None,
) -> Path:
    """Write every session and the manifest; return the manifest's path. Only one session is in memory at a time.

    `progress` is called after each session with the number of records so far.
    """
    scenarios: dict[str, list[dict[str, Any]]] = {}
    totals = _Totals()
    for builder in builders:
        lines = sorted(builder.lines, key=lambda line: (line.order_ms, line.family != FIRST_FAMILY))
        scenarios.setdefault(builder.scenario, []).append(_write_session(out_dir, builder, lines))
        totals.count(lines)
        if progress is not None:
            progress(totals.records)
    manifest = {
        "generated_at": iso(BASE_MS),
        "window": {
            "from_ts": iso(totals.first_ms // HOUR * HOUR - HOUR),
            "to_ts": iso(totals.last_ms // HOUR * HOUR + 2 * HOUR),
        },
        "source": {"pack": "livepeer", "generator": "packs.livepeer.generator", "set": description},
        "events": totals.records,
        "expected": {name: dict(sorted(counts.items())) for name, counts in totals.expected.items()},
        "scenarios": {
            name: {"candidate_count": len(sessions), "sessions": sessions}
            for name, sessions in sorted(scenarios.items())
        },
        "metadata": {"manifest_window_padding_minutes": 60, "fixture_event_source": TABLE},
    }
    path = out_dir / "manifest.json"
    path.write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def _write_session(out_dir: Path, builder: SessionBuilder, lines: list[Line]) -> dict[str, Any]:
    file = f"{builder.scenario}/{_UNSAFE.sub('_', builder.session_id)}.jsonl"
    path = out_dir / file
    path.parent.mkdir(parents=True, exist_ok=True)
    content = "".join(f"{line.text()}\n" for line in lines).encode()
    path.write_bytes(content)
    signals = [moment for line in lines for moment in line.signal_ms]
    families = Counter(f"{TABLE}:{line.family}" for line in lines)
    return {
        "workflow_session_id": builder.session_id,
        "stream_id": builder.stream_id,
        "request_id": builder.request_id,
        "session_start_ts": iso(min(signals)),
        "session_end_ts": iso(max(signals)),
        "file": file,
        "events": len(lines),
        "sha256": hashlib.sha256(content).hexdigest(),
        "table_counts": {TABLE: len(lines), **dict(sorted(families.items()))},
    }
