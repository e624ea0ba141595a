"""Parts of fixture sets: some sessions, some families, the beginning or the end of what was recorded.

A part is written as a set of its own. What it still holds of a session may be in another scenario than the whole was:
the manifest then says what the events alone make of it, as the oracle reads them. A file of which no session can be
made keeps its label, and the manifest names no session for it.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from packs.livepeer.oracle import expected_sessions
from streamproof.fixtures.lines import parse_line
from streamproof.fixtures.manifest import read_manifest
from streamproof.fixtures.ordering import plan_replay
from streamproof.model.fixture import FixtureSession, ReplayRules

RULES = ReplayRules(
    first_types=("network_capabilities",),
    key_field="stream_id",
    event_table="streaming_events",
    id_field="workflow_session_id",
)


class FixtureLine(NamedTuple):
    """One line of a set: its session, its text, the family of its event, and its place in time (Unix ms)."""

    session: FixtureSession
    text: bytes
    family: str
    at_ms: int


def read_lines(manifest: Path) -> list[FixtureLine]:
    """Return all lines of a set that hold events, in the order of files and lines."""
    found = []
    for session in read_manifest(manifest, RULES).sessions:
        latest = 0
        for text in (manifest.parent / session.file).read_bytes().splitlines():
            line = parse_line(text, RULES)
            latest = latest if line.order_ms is None else line.order_ms
            found.append(FixtureLine(session, text, line.event_type, latest))
    return found


def write_part(lines: Iterable[FixtureLine], folder: Path, *, relabel: bool = True) -> Path:
    """Write lines as a set of their own and return its manifest. Without `relabel` labels and ids stay as they were."""
    texts_of: dict[str, list[bytes]] = defaultdict(list)
    sessions: dict[str, FixtureSession] = {}
    for line in lines:
        sessions[line.session.file] = line.session
        texts_of[line.session.file].append(line.text)
    for file, texts in texts_of.items():
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"\n".join(texts) + b"\n")
    manifest = folder / "manifest.json"
    _write_manifest(manifest, sessions.values(), lambda session: (session.scenario, session.id))
    if relabel:
        plan = plan_replay(manifest, RULES)
        made = expected_sessions((number, value) for number, (_, value) in enumerate(plan.records()))
        scenarios = {row["workflow_session_id"]: row["scenario_observed"] for row in made}

        def label(session: FixtureSession) -> tuple[str, str]:
            found = scenarios.get(session.id)
            return (found, session.id) if found else (session.scenario, "")

        _write_manifest(manifest, sessions.values(), label)
    return manifest


def _write_manifest(
    path: Path, sessions: Iterable[FixtureSession], label: Callable[[FixtureSession], tuple[str, str]]
) -> None:
    scenarios: dict[str, dict[str, list[dict[str, str]]]] = defaultdict(lambda: {"sessions": []})
    for session in sessions:
        scenario, session_id = label(session)
        named = {"workflow_session_id": session_id} if session_id else {}
        scenarios[scenario]["sessions"].append({"file": session.file, **named})
    path.write_text(json.dumps({"scenarios": scenarios}), encoding="utf-8")


def of_families(lines: Sequence[FixtureLine], families: Iterable[str]) -> list[FixtureLine]:
    """Return the lines of some families."""
    wanted = set(families)
    return [line for line in lines if line.family in wanted]


def until(lines: Sequence[FixtureLine], share: float) -> list[FixtureLine]:
    """Return the lines up to a point in time: the given share of all times."""
    times = sorted(line.at_ms for line in lines)
    last = times[min(len(times) - 1, int(share * len(times)))]
    return [line for line in lines if line.at_ms <= last]
