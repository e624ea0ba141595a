"""The job that asks for everything in a set of files: what a run gives to the pipeline."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

import yaml

from packs.market.source.asking import Asked, date_of
from packs.market.source.dbn_file import read_dbn

JOB = "fixture_set"
JOB_FILE = "job.yaml"


def client_files(files: Mapping[str, Path]) -> dict[str, str]:
    """Return what the pipeline needs to fetch these files: `job.yaml`. Raises ValueError and OSError."""
    return {JOB_FILE: job_text(files)}


def job_text(files: Mapping[str, Path]) -> str:
    """Return a job file whose only job, `fixture_set`, asks for all files. Raises ValueError and OSError.

    Each schema of a list of symbols is asked for once on each day, however many files have its records.
    """
    days: dict[tuple[Any, ...], set[int]] = {}
    for name, path in sorted(files.items()):
        asked = Asked(read_dbn(path, name))
        what = (asked.file.dataset, asked.symbols, asked.symbol_type, asked.file.schema)
        days.setdefault(what, set()).update(asked.days)
    requests: dict[tuple[Any, ...], dict[str, Any]] = {}
    for (dataset, symbols, symbol_type, schema), found in days.items():
        for first, last in _spans(found):
            key = (dataset, symbols, symbol_type, first, last)
            request = {
                "dataset": dataset,
                "symbols": list(symbols),
                "symbol_type": symbol_type,
                "start_date": date_of(first),
                "end_date": date_of(last),
                "schemas": [],
            }
            requests.setdefault(key, request)["schemas"].append(schema)
    content = {"jobs": {JOB: {"job_type": JOB, "requests": list(requests.values())}}}
    return yaml.safe_dump(content, sort_keys=False, width=1000)


def _spans(days: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Yield the first and the last day of each run of days."""
    for _, run in groupby(enumerate(sorted(days)), key=lambda item: item[1] - item[0]):
        found = [day for _, day in run]
        yield found[0], found[-1]
