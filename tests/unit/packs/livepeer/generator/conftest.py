"""The committed sets, read with nothing but JSON: what the tests say of them does not depend on our own reader."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest


@dataclass
class Session:
    """A session of a set: its manifest entry, its lines, and its accepted events in order."""

    scenario: str
    entry: dict[str, Any]
    lines: list[dict[str, Any]]
    events: list[tuple[dict[str, Any], Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for line in self.lines:
            if line.get("__expect", {}).get("disposition", "accepted") == "accepted":
                text = (line["__raw"] or {}).get("text") if "__raw" in line else None
                row = json.loads(text) if text else line
                data = row["data"]
                self.events.append((row, json.loads(data) if isinstance(data, str) else data))

    def of(self, family: str) -> list[Any]:
        """The payloads of a family."""
        return [data for row, data in self.events if row["type"] == family]

    def traces(self) -> list[str]:
        """The milestones in order."""
        return [data["type"] for data in self.of("stream_trace")]


@dataclass
class FixtureSet:
    """A set: its manifest and its sessions."""

    manifest: dict[str, Any]
    sessions: list[Session]

    def of(self, scenario: str) -> list[Session]:
        """The sessions of a scenario, by its number."""
        return [session for session in self.sessions if session.scenario.startswith(f"scenario_{scenario}_")]


def read_set(folder: Path) -> FixtureSet:
    manifest = json.loads((folder / "manifest.json").read_text())
    sessions = [
        Session(
            name, entry, [json.loads(line) for line in (folder / entry["file"]).read_text("utf-8").split("\n") if line]
        )
        for name, scenario in manifest["scenarios"].items()
        for entry in scenario["sessions"]
    ]
    return FixtureSet(manifest, sessions)


@pytest.fixture(scope="session")
def sets(home: Path) -> Path:
    """The folder of the committed sets."""
    return home / "include" / "fixtures" / "livepeer"


@pytest.fixture(scope="session")
def golden(sets: Path) -> FixtureSet:
    return read_set(sets / "golden")


@pytest.fixture(scope="session")
def hostile(sets: Path) -> FixtureSet:
    return read_set(sets / "hostile")
