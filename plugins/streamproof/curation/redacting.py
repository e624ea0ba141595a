"""Redact a whole fixture set: its files, their names, and its manifest."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import orjson

from streamproof.fixtures.verify import check_fixture_set, shown
from streamproof.model.errors import FixtureError
from streamproof.model.files import new_folder
from streamproof.model.fixture import FixtureReport
from streamproof.model.formats.json_text import to_json
from streamproof.packs.pack import Pack
from streamproof.packs.sources import require_lines
from streamproof.redaction.redactor import Redactor

MANIFEST = "manifest.json"
# Parts of a manifest that say nothing about anybody. The others are redacted.
_KEPT = frozenset({"generated_at", "window", "events", "expected", "schema"})
_KEPT_OF_SOURCE = frozenset({"pack", "generator", "set"})
_KEPT_OF_METADATA = frozenset({"streamproof", "fixture_event_source", "query_window", "options"})


def redact_set(pack: Pack, manifest: Path, out: Path, key: bytes) -> FixtureReport:
    """Write a redacted copy of a fixture set into a new folder, and return the report on it.

    Malformed lines are redacted as well, and stay malformed. Raises FixtureError for a set that cannot be replayed, and
    when the copy would not hold the same number of events of each family and scenario.
    """
    require_lines(pack)
    before = _usable(pack, manifest)
    redactor = Redactor(pack.redaction, key)
    with new_folder(out) as work:
        _write(redactor, manifest.resolve(), work)
        after = check_fixture_set(work / MANIFEST, tolerate_bad_lines=True, rules=pack.replay)
        _require_equal(before, after, pack)
    return check_fixture_set(
        out.expanduser().absolute() / MANIFEST, tolerate_bad_lines=bool(before.bad_lines), rules=pack.replay
    )


def _usable(pack: Pack, manifest: Path) -> FixtureReport:
    report = check_fixture_set(manifest, tolerate_bad_lines=True, rules=pack.replay)
    if report.problems:
        raise FixtureError(
            shown(report.problems), hint="Repair the set first: its copy gets new checksums, which would hide this."
        )
    return report


def _require_equal(before: FixtureReport, after: FixtureReport, pack: Pack) -> None:
    for name in ("sessions", "events", "value_bytes", "by_type", "by_scenario", "expected", "problems"):
        old, new = getattr(before, name), getattr(after, name)
        if old != new:
            raise FixtureError(
                f"The redacted set differs from the original in `{name}`: {new}, not {old}.",
                hint=f"`redaction` of pack '{pack.name}' replaces what its events are read by: add it to `keep`.",
            )


def _write(redactor: Redactor, manifest: Path, folder: Path) -> None:
    data: dict[str, Any] = orjson.loads(manifest.read_bytes())
    files: dict[Path, Mapping[str, Any]] = {}
    scenarios = {}
    for scenario, entry in data["scenarios"].items():
        sessions = []
        for session in entry["sessions"]:
            source = (manifest.parent / session["file"]).resolve()
            if source not in files:
                path = _new_path(redactor, source.relative_to(manifest.parent), data["scenarios"])
                files[source] = {"file": str(path), "sha256": _copy(redactor, source, folder / path)}
            sessions.append({**redactor.session(session), **files[source]})
        others = {name: value for name, value in entry.items() if name != "sessions"}
        scenarios[scenario] = {**redactor.fields(others), "sessions": sessions}
    (folder / MANIFEST).write_bytes(to_json({**_redacted(redactor, data), "scenarios": scenarios}) + b"\n")


def _redacted(redactor: Redactor, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the manifest but for its scenarios, which keep their place."""
    known = {"source": _KEPT_OF_SOURCE, "metadata": _KEPT_OF_METADATA}
    found: dict[str, Any] = {}
    for name, value in data.items():
        if name in _KEPT:
            found[name] = value
        elif name in known and isinstance(value, dict):
            found[name] = redactor.fields(value) | {key: value[key] for key in known[name] & value.keys()}
        else:
            found[name] = None if name == "scenarios" else redactor.fields({name: value})[name]
    metadata = found.get("metadata")
    found["metadata"] = {**(metadata if isinstance(metadata, dict) else {}), "redacted": True}
    return found


def _new_path(redactor: Redactor, file: Path, scenarios: Mapping[str, Any]) -> PurePosixPath:
    """Return the path of a redacted file. The name of a scenario stays; that of a session has its replacement."""
    folders = [part if part in scenarios else redactor.name(part) for part in file.parent.parts]
    return PurePosixPath(*folders, redactor.name(file.stem) + file.suffix)


def _copy(redactor: Redactor, source: Path, target: Path) -> str:
    """Write the redacted lines of a file and return the SHA-256 of the new one in hex."""
    target.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with source.open("rb") as lines, target.open("xb") as copy:
        for line in lines:
            new = _line(redactor, line)
            digest.update(new)
            copy.write(new)
    return digest.hexdigest()


def _line(redactor: Redactor, line: bytes) -> bytes:
    try:
        return redactor.line_text(line.decode()).encode()
    except UnicodeDecodeError:
        return redactor.value(line) or b""
