"""The files of the history: `artifacts/history/<run_id>.json`, one a run."""

from __future__ import annotations

import math
import traceback
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from streamproof.history.entries import RunEntry, entry_of
from streamproof.history.recorded import RecordedChecks
from streamproof.model.files import write_json
from streamproof.model.results import StageResult

# The folder of runs below the artifacts, and that of the history beside it.
_RUNS, _HISTORY = "test-runs", "history"
# The layout of a file. Readers refuse a higher number, which a later version wrote.
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class History:
    """The runs in the history, newest first, and the files that cannot be read: path and reason."""

    entries: tuple[RunEntry, ...]
    unreadable: tuple[tuple[str, str], ...] = ()


def history_folder(artifacts: Path) -> Path:
    """Return the folder of the history. `artifacts` is the folder of artifacts, or the folder of runs below it."""
    return (artifacts.parent if artifacts.name == _RUNS else artifacts) / _HISTORY


def record(artifacts: Path, summary: Mapping[str, Any], results: Mapping[str, StageResult]) -> Path:
    """Write the file of a run, or replace it, and return its path. Readers see the old content or the new.

    `artifacts` is as for `history_folder`, `summary` the content of `summary.json`, `results` the results of the run's
    stages. Raises OSError when the file cannot be written.
    """
    path = history_folder(artifacts) / f"{summary['run_id']}.json"
    write_json(path, {"format": _FORMAT, **asdict(entry_of(summary, results))}, indent=False)
    return path


def record_or_say(
    artifacts: Path,
    summary: Mapping[str, Any],
    results: Mapping[str, StageResult],
    log: Callable[[str], None],
) -> list[str]:
    """Record a run, and return a sentence for the notices of the run when that fails; it is logged too."""
    try:
        record(artifacts, summary, results)
    except OSError as problem:
        reason = f"{history_folder(artifacts)} cannot be written ({problem.strerror or problem})"
    except Exception as problem:  # noqa: BLE001 - the verdict must stand without the history; the traceback is in the log
        log(traceback.format_exc())
        reason = f"{type(problem).__name__}: {problem}"
    else:
        return []
    notice = f"The run is not in the history: {reason}."
    log(notice)
    return [notice]


def read_history(artifacts: Path, pack: str | None = None) -> History:
    """Read the files of the history, those of one pack if it is named. `artifacts` is as for `history_folder`.

    The history is empty when there is no folder. A file that cannot be read is listed in `unreadable`.
    """
    entries, unreadable = [], []
    folder = history_folder(artifacts)
    try:
        # Not `glob`, for which a folder that may not be read is empty. A hidden file is being written.
        files = sorted(path for path in folder.iterdir() if path.suffix == ".json" and not path.name.startswith("."))
    except FileNotFoundError:
        return History(())
    except OSError as problem:
        return History((), ((str(folder), problem.strerror or str(problem)),))
    for path in files:
        try:
            entry = read_entry(path)
        except FileNotFoundError:  # removed meanwhile
            continue
        except (OSError, ValueError) as problem:
            unreadable.append((str(path), str(problem)))
        else:
            entries += [entry] if pack in (None, entry.pack) else []
    return History(newest_first(entries), tuple(unreadable))


def newest_first(entries: list[RunEntry]) -> tuple[RunEntry, ...]:
    """Return entries in the order of their start, the last first."""
    return tuple(sorted(entries, key=lambda entry: (entry.started_at, entry.run_id), reverse=True))


def read_entry(path: Path) -> RunEntry:
    """Read one file of the history. Raises OSError, and ValueError with the reason for a file that is not one."""
    try:
        document = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError as problem:
        raise ValueError(f"It is not JSON: {problem}.") from None
    found = document.pop("format", None) if isinstance(document, dict) else None
    if not isinstance(found, int) or found > _FORMAT:
        raise ValueError(f"Its format is {found!r}; this version reads up to {_FORMAT}.")
    return _entry(document)


def _entry(document: dict[str, Any]) -> RunEntry:
    """Return the entry in a document. It is built by hand, its checks on demand: a list reads a thousand."""
    try:
        known = {name: document[name] for name in _FIELDS if name in document}
        _require(known)
        stages = {str(name): float(seconds) for name, seconds in known["stages"].items()}
        checks = RecordedChecks(known["checks"])
        return RunEntry(**{**known, "duration_sec": float(known["duration_sec"]), "stages": stages, "checks": checks})
    except KeyError as problem:
        raise ValueError(f"It has no {problem.args[0]!r}.") from None
    except (TypeError, AttributeError, ValueError) as problem:
        raise ValueError(f"It does not fit: {problem}.") from None


_FIELDS = tuple(RunEntry.__dataclass_fields__)
_TEXTS = (
    "run_id", "pack", "mode", "verdict", "git_commit", "fixture_sha256", "stack", "processor", "started_at", "ended_at",
)  # fmt: skip

_LATER_TEXTS = ("rerun", "remark", "dag_id")


def _require(document: Mapping[str, Any]) -> None:
    for name in (*_TEXTS, *(name for name in _LATER_TEXTS if name in document)):
        if not isinstance(document[name], str):
            raise TypeError(f"{name!r} is not a text")
    if not isinstance(document["first_broken_layer"], str | None):
        raise TypeError("'first_broken_layer' is not a text")
    for name in ("started_at", "ended_at"):
        datetime.fromisoformat(document[name])
    for seconds in (document["duration_sec"], *document["stages"].values()):
        if type(seconds) not in (int, float) or not 0 <= seconds < math.inf:
            raise TypeError(f"{seconds!r} is not a number of seconds")
    for name in ("checks_total", "checks_failed"):
        if not isinstance(document[name], int):
            raise TypeError(f"{name!r} is not an integer")
