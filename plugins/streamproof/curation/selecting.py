"""Promote a fixture set: choose its sessions, and write a stable manifest that refers to their files."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from streamproof.curation.overlap import Overlap, overlaps
from streamproof.curation.spans import Span, spans, window_of
from streamproof.fixtures.ordering import ReplayPlan, plan_replay
from streamproof.fixtures.verify import check_fixture_set, hint_for, report_on, shown
from streamproof.model.errors import FixtureError, UsageError
from streamproof.model.files import write_json
from streamproof.model.fixture import REJECTING, FixtureReport
from streamproof.model.window import iso_ms
from streamproof.packs.pack import Pack

MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class Choice:
    """What is chosen. `scenarios` are all if none is named. `padding_minutes` widens the window around the sessions.

    With `enforce_overlap`, a session is dropped whose file does not hold the context that its events need.
    """

    scenarios: tuple[str, ...] = ()
    padding_minutes: int = 60
    enforce_overlap: bool = False


@dataclass(slots=True)
class Selected:
    """A promoted set. `dropped` are the manifest's entries of sessions without context."""

    report: FixtureReport
    dropped: Sequence[Mapping[str, Any]]
    repeated: int
    notices: tuple[str, ...]


@dataclass(slots=True)
class _Draft:
    """The manifest that is being made. `kept` are the entries of chosen sessions by scenario."""

    kept: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    dropped: list[dict[str, Any]] = field(default_factory=list)
    repeated: int = 0
    notices: list[str] = field(default_factory=list)


def find_manifest(source: Path) -> Path:
    """Return a manifest: the path itself, that of a folder, or the newest one in the folders below.

    Raises FixtureError when there is none.
    """
    source = source.expanduser().absolute()
    if not source.is_dir():
        return source
    if (source / MANIFEST).is_file():
        return source / MANIFEST
    found = sorted(source.glob(f"*/{MANIFEST}"), key=_made_at)
    if not found:
        raise FixtureError(
            f"{source} holds no fixture set.", hint=f"Give a {MANIFEST}, or a folder with sets in folders of their own."
        )
    return found[-1]


def select_set(pack: Pack, source: Path, output: Path, choice: Choice) -> Selected:
    """Write a manifest with the chosen sessions of a set, and return the report on it.

    Files below the manifest's folder stay where they are; others are copied there. An existing manifest is replaced
    when everything else is done. Raises FixtureError for a set that cannot be replayed, and when no session is left;
    UsageError when the output cannot be written or would replace the file of another session.
    """
    output = output.expanduser().absolute()
    manifest = find_manifest(source).resolve()
    plan = _usable(pack, manifest, choice)
    data: dict[str, Any] = orjson.loads(manifest.read_bytes())
    draft = _chosen(pack, plan, data, choice)
    if not any(draft.kept.values()):
        raise FixtureError(f"No session of {manifest} is left.", hint="Choose other scenarios, or export again.")
    try:
        return _written(pack, plan, data, draft, output, choice)
    except OSError as error:
        raise UsageError(f"{output} cannot be written: {error.strerror}.", hint="Give another path.") from None


def _made_at(manifest: Path) -> tuple[str, float]:
    try:
        made = orjson.loads(manifest.read_bytes()).get("generated_at")
    except (orjson.JSONDecodeError, AttributeError):
        made = None
    return made if isinstance(made, str) else "", manifest.stat().st_mtime


def _usable(pack: Pack, manifest: Path, choice: Choice) -> ReplayPlan:
    if choice.enforce_overlap and pack.context is None:
        raise UsageError(
            f"Pack '{pack.name}' does not say what its sessions need.", hint="`context` of its pack.yaml says it."
        )
    plan = plan_replay(manifest, pack.replay, scenarios=choice.scenarios)
    report = report_on(plan, pack.replay, tolerate_bad_lines=False, whole=not choice.scenarios)
    if report.problems:
        raise FixtureError(shown(report.problems), hint=hint_for(report))
    return plan


def _chosen(pack: Pack, plan: ReplayPlan, data: Mapping[str, Any], choice: Choice) -> _Draft:
    found = overlaps(plan, pack.context) if choice.enforce_overlap and pack.context else {}
    draft = _Draft()
    for scenario, entry in data["scenarios"].items():
        if choice.scenarios and scenario not in choice.scenarios:
            continue
        seen: set[str] = set()
        for session in entry["sessions"]:
            name = pack.replay.id_of(session) or session["file"]
            if seen & {name, session["file"]}:
                draft.repeated += 1
                continue
            seen |= {name, session["file"]}
            overlap = found.get(name)
            if overlap is not None and overlap.is_missing and pack.context:
                draft.dropped.append(_dropped(pack, scenario, session, overlap))
            else:
                draft.kept[scenario].append(dict(session))
        if entry["sessions"] and not draft.kept[scenario]:
            draft.notices.append(f"No session of {scenario} is left.")
    return draft


def _dropped(pack: Pack, scenario: str, session: Mapping[str, Any], overlap: Overlap) -> dict[str, Any]:
    counts = overlap.as_json(pack.context) if pack.context else {}
    return {
        "scenario": scenario,
        pack.replay.id_field: pack.replay.id_of(session),
        "file": session["file"],
        **counts,
    }


def _written(
    pack: Pack, plan: ReplayPlan, data: Mapping[str, Any], draft: _Draft, output: Path, choice: Choice
) -> Selected:
    source = Path(plan.manifest.path)
    output.parent.mkdir(parents=True, exist_ok=True)
    # A session without an id is known by its file, so its times are looked up before the file gets another path.
    window = window_of(list(_spans(pack, plan, draft)), choice.padding_minutes)
    for session in (session for sessions in draft.kept.values() for session in sessions):
        session["file"], session["sha256"] = _placed(source, session["file"], output)
    content = {
        "generated_at": iso_ms(datetime.now(UTC)),
        "window": window.as_json(),
        "source": {**(data.get("source") or {}), "pack": pack.name},
        **({"schema": data["schema"]} if "schema" in data else {}),
        "scenarios": {name: {**data["scenarios"][name], "sessions": sessions} for name, sessions in draft.kept.items()},
        "metadata": {**(data.get("metadata") or {}), **_metadata(pack, source, draft, output, choice)},
    }
    partial = output.with_name(f".{output.name}.{os.getpid()}.partial")
    try:
        write_json(partial, content)
        report = check_fixture_set(partial, rules=pack.replay)
        if report.problems:
            raise FixtureError(shown(report.problems), hint="The set cannot be promoted as it is.")
        expected = _expected(plan, report, draft)
        write_json(output, {**content, "events": report.events, **({"expected": expected} if expected else {})})
    finally:
        partial.unlink(missing_ok=True)
    final = check_fixture_set(output, rules=pack.replay)
    return Selected(final, draft.dropped, draft.repeated, tuple(draft.notices))


def _metadata(pack: Pack, source: Path, draft: _Draft, output: Path, choice: Choice) -> dict[str, Any]:
    found: dict[str, Any] = {
        "promoted_from": os.path.relpath(source, output.parent),
        "manifest_window_padding_minutes": choice.padding_minutes,
        "duplicate_references_dropped": draft.repeated,
    }
    if pack.context:
        name, what = pack.context.name, pack.context.what
        found[f"{name}_overlap_enforced"] = choice.enforce_overlap
        found[f"dropped_sessions_missing_{name}_{what}_overlap"] = draft.dropped
    return found


def _spans(pack: Pack, plan: ReplayPlan, draft: _Draft) -> Iterator[Span]:
    known = spans(plan, pack)
    for sessions in draft.kept.values():
        for session in sessions:
            span = known.get(pack.replay.id_of(session) or session["file"]) or Span()
            yield span.between(session.get("session_start_ts"), session.get("session_end_ts"))


def _expected(plan: ReplayPlan, report: FixtureReport, draft: _Draft) -> Mapping[str, Mapping[str, int]] | None:
    """Return the counts of rejected records of the new set; None when the old ones cannot be divided."""
    old = plan.manifest.expected
    stated = any(any(report.expected[name].values()) for name in REJECTING)
    if stated or old is None or not any(any(counts.values()) for counts in old.values()):
        return report.expected
    kept = {session["sha256"] for sessions in draft.kept.values() for session in sessions}
    if not draft.dropped and len(kept) == len(plan.manifest.sessions):
        return old
    draft.notices.append("The counts of `expected` are left out: no line says which records of the old set they count.")
    return None


def _placed(source: Path, file: str, output: Path) -> tuple[str, str]:
    """Return path and SHA-256 of a file of the set relative to the new manifest. One from elsewhere is copied."""
    path = (source.parent / file).resolve()
    home = output.parent.resolve()
    digest = _sha256(path)
    if path.is_relative_to(home):
        return path.relative_to(home).as_posix(), digest
    target = home / source.parent.name / path.relative_to(source.parent)
    if target.exists():
        if _sha256(target) != digest:
            raise UsageError(f"{target} is there already and has other content.", hint="Give another --output.")
        return target.relative_to(home).as_posix(), digest
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    shutil.copyfile(path, partial)
    partial.replace(target)
    return target.relative_to(home).as_posix(), digest


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
