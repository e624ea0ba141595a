"""The three sets that mutants are run over, each with the kept run of its own that the checks take as theirs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import Any

from benchmarks.runs import command
from packs.livepeer.generator import generate_load
from streamproof.runs.context import RunContext
from streamproof.stages.planned import planned_replay

GENERATED_EVENTS = 3_000
# So many records are taken together: few enough that sessions go over several batches, as they do in a run.
BATCH_RECORDS = 250

_PLACES = """
SELECT source_topic, source_partition, source_offset, record_timestamp FROM replay_ledger ORDER BY sequence
"""


@dataclass(frozen=True, slots=True)
class EventSet:
    """A set by its name, the run of it whose stack is kept, and its records in batches of one partition."""

    name: str
    ctx: RunContext
    batches: list[list[tuple[Any, ...]]]


@contextmanager
def kept_runs(home: Path, scratch: Path) -> Iterator[list[EventSet]]:
    """Run golden, hostile and a generated set, keep their stacks for the block, and take them down after it."""
    fixtures = home / "include" / "fixtures" / "livepeer"
    manifests = {
        "golden": fixtures / "golden" / "manifest.json",
        "hostile": fixtures / "hostile" / "manifest.json",
        "generated": generate_load(GENERATED_EVENTS, scratch / "generated"),
    }
    environ = {"STREAMPROOF_ARTIFACTS": str(scratch / "runs")}
    try:
        for name, manifest in manifests.items():
            asked = ("run", "--manifest", str(manifest), "--run-id", f"detection-{name}", "--keep-stack")
            command(home, *asked, environ=environ)
        yield [read_set(name, scratch / "runs" / f"detection-{name}") for name in manifests]
    finally:
        for name in manifests:
            if (scratch / "runs" / f"detection-{name}").exists():
                command(home, "stack", "down", f"detection-{name}", environ=environ)


def read_set(name: str, folder: Path) -> EventSet:
    """Return the set of a kept run: each record as the processor got it, in the order of publishing."""
    ctx = RunContext.open(folder)
    with ctx.warehouse() as warehouse:
        places = warehouse.query(_PLACES).named()
    records = []
    for place, (_, value) in zip(places, planned_replay(ctx).records(), strict=True):
        at_ms = round(place["record_timestamp"].replace(tzinfo=UTC).timestamp() * 1000)
        records.append((place["source_topic"], place["source_partition"], place["source_offset"], at_ms, value))
    return EventSet(name, ctx, list(_batches(records)))


def _batches(records: list[tuple[Any, ...]]) -> Iterator[list[tuple[Any, ...]]]:
    """Cut records into batches of one partition each, in the order of their offsets."""
    for start in range(0, len(records), BATCH_RECORDS):
        chunk = records[start : start + BATCH_RECORDS]
        for partition in sorted({record[1] for record in chunk}):
            yield [record for record in chunk if record[1] == partition]
