"""Invented events for the processor's tests, and a processor with the default rules."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import orjson
import yaml

from pipelines.livepeer.core import Outcome, Processor
from pipelines.livepeer.dedup import DedupState
from pipelines.livepeer.event import Record
from pipelines.livepeer.gate import QualityGate
from pipelines.livepeer.tables import COLUMNS

NOW_MS = 1_790_000_000_000
TTL_MS = 86_400_000
CASES = Path(__file__).parent / "cases"
EVENTS: dict[str, dict[str, Any]] = yaml.safe_load((CASES / "events.yaml").read_text())


def cases(name: str) -> list[Any]:
    """Return a table of cases."""
    return yaml.safe_load((CASES / f"{name}.yaml").read_text())


def event(family: str, changes: dict[str, Any] | None = None, without: list[str] | None = None) -> dict[str, Any]:
    """Return a valid event of a family with dotted paths changed or taken out."""
    made = copy.deepcopy(EVENTS[family])
    for path, value in (changes or {}).items():
        *parents, last = path.split(".")
        holder = made
        for parent in parents:
            holder = holder[int(parent)] if isinstance(holder, list) else holder.setdefault(parent, {})
        holder[int(last) if isinstance(holder, list) else last] = value
    for path in without or []:
        *parents, last = path.split(".")
        holder = made
        for parent in parents:
            holder = holder[int(parent)] if isinstance(holder, list) else holder[parent]
        del holder[last]
    return made


def record(value: object, offset: int = 0, topic: str = "events", created_ms: int = 1_781_000_000_000) -> Record:
    """Return a record; text and bytes are taken as they are, anything else as JSON."""
    if isinstance(value, str):
        value = value.encode()
    elif value is not None and not isinstance(value, bytes):
        value = orjson.dumps(value)
    return Record(topic, 0, offset, created_ms, value)


def processor(*, versions: tuple[str, ...] = ("1", "v1"), max_row_bytes: int = 1_000_000, **gate: bool) -> Processor:
    return Processor(QualityGate(frozenset(versions), **gate), DedupState(TTL_MS), max_row_bytes)


def rows(outcome: Outcome, table: str) -> list[dict[str, Any]]:
    """Return the rows of a table by column name."""
    return [dict(zip(COLUMNS[table], orjson.loads(line), strict=True)) for name, line in outcome.rows if name == table]


def disposition(outcome: Outcome) -> dict[str, Any]:
    return dict(zip(COLUMNS["record_dispositions"], orjson.loads(outcome.disposition_row), strict=True))
