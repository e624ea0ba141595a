"""The job that asks for everything in a set of files: what a run gives to the pipeline."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from packs.market.source.dbn_file import DbnFile, read_dbn

JOB = "fixture_set"
JOB_FILE = "job.yaml"
_EPOCH = dt.date(1970, 1, 1)
_DAY_NS = 86_400 * 10**9


def client_files(files: Mapping[str, Path]) -> dict[str, str]:
    """Return what the pipeline needs to fetch these files: `job.yaml`. Raises ValueError and OSError."""
    return {JOB_FILE: job_text(files)}


def job_text(files: Mapping[str, Path]) -> str:
    """Return a job file whose only job, `fixture_set`, asks for all files. Raises ValueError and OSError."""
    requests: dict[tuple[Any, ...], dict[str, Any]] = {}
    for name, path in sorted(files.items()):
        file = read_dbn(path, name)
        asked = _asked(file)
        key = tuple(asked.values())
        requests.setdefault(key, {**asked, "symbols": list(asked["symbols"]), "schemas": []})["schemas"].append(
            file.schema
        )
    content = {"jobs": {JOB: {"job_type": JOB, "requests": list(requests.values())}}}
    return yaml.safe_dump(content, sort_keys=False, width=1000)


def _asked(file: DbnFile) -> dict[str, Any]:
    metadata = file.metadata
    return {
        "dataset": file.dataset,
        "symbols": tuple(metadata.symbols) or tuple(sorted(metadata.mappings)),
        "symbol_type": str(metadata.stype_in),
        "start_date": _EPOCH + dt.timedelta(days=metadata.start // _DAY_NS),
        "end_date": _EPOCH + dt.timedelta(days=_last(file) // _DAY_NS),
    }


def _last(file: DbnFile) -> int:
    """Return the last nanosecond of a file's range; a file without an end is as long as its records."""
    end = file.metadata.end
    return int(end) - 1 if end else max(file.times, default=int(file.metadata.start))
