"""Read the records of a file of a fixture set, and what is expected of each."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from packs.market.source.dbn_file import read_dbn
from packs.market.source.ids import RecordIds

# Beside the files of a set: the cases that it was made for, each with the file and the index of its record.
CASES_FILE = "cases.json"
_MILLISECOND = 10**6
_UNDEF_TIME = 2**64 - 1


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """A record: `family` is its schema, `time_ms` its time of receipt (of bars, their beginning), `value` its bytes.

    `id` is made of its key: see `ids`. `expect` is `accepted` or `quarantine`; of the latter, `failure_class` is the
    stage that has to refuse it, and `reason` the rule.
    """

    id: str
    family: str
    time_ms: int | None
    value: bytes
    expect: str
    failure_class: str = ""
    reason: str = ""


def read_records(file: Path) -> Iterator[SourceRecord]:
    """Yield the records of a file in their order. Raises ValueError for one that is not DBN, and OSError."""
    content = read_dbn(file)
    cases = file.parent / CASES_FILE
    refused = {
        case["index"]: (case["stage"], case["rule"])
        for case in (json.loads(cases.read_text(encoding="utf-8")) if cases.exists() else [])
        if case.get("file") == file.name and case["place"] == "quarantine"
    }
    ids = RecordIds(content)
    for index, time in enumerate(content.times):
        value = content.record(index)
        stage, rule = refused.get(index, ("", ""))
        yield SourceRecord(
            id=ids.next(value, time),
            family=content.schema,
            time_ms=None if time == _UNDEF_TIME else time // _MILLISECOND,
            value=value,
            expect="quarantine" if index in refused else "accepted",
            failure_class=stage,
            reason=rule,
        )
