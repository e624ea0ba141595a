"""Feed recorded sets through the pure core, in a process of its own: `python -m benchmarks.detection.core_run IN OUT`.

The package `pipelines` is the first one on the path: a mutated copy. IN is a pickle of {set: [[record, …], …]}, batches
of one partition each; OUT one of {set: {table: (columns, rows)}}, each row a line of JSON, and under `rejects`
what went to the reject topics.
"""

from __future__ import annotations

import pickle
import resource
import sys
from pathlib import Path
from typing import Any

from pipelines.livepeer.batches import Batch, Span, process_batch
from pipelines.livepeer.config import from_environment
from pipelines.livepeer.core import Processor
from pipelines.livepeer.dedup import DedupState
from pipelines.livepeer.event import Record
from pipelines.livepeer.gate import QualityGate
from pipelines.livepeer.tables import COLUMNS, DISPOSITIONS

# A mutant may loop endlessly and allocate memory, so its memory is limited.
MAX_MEMORY = 2 << 30


def feed(batches: list[list[tuple[Any, ...]]], start_ms: int) -> dict[str, Any]:
    """Run one set through a new processor as the local runner does; return rows by table, and the reject envelopes."""
    settings = from_environment({})
    gate = QualityGate(
        settings.versions, ignore_unsupported=settings.ignore_unsupported, ignore_traces=settings.ignore_traces
    )
    processor = Processor(gate, DedupState(settings.dedup_ttl_ms), settings.max_row_bytes)
    found: dict[str, list[bytes]] = {}
    rejects: list[tuple[str, bytes]] = []
    for number, values in enumerate(batches):
        records = [Record(*value) for value in values]
        first = records[0]
        span = Span(first.topic, first.partition, first.offset, records[-1].offset, start_ms + number * 1000)
        work = process_batch(processor, Batch(span, records))
        for table, lines in (*work.rows.items(), (DISPOSITIONS, work.dispositions)):
            found.setdefault(table, []).extend(lines)
        rejects += work.rejects
    rows = {table: (COLUMNS[table], lines) for table, lines in found.items()}
    return {"rows": rows, "rejects": rejects}


def main(source: Path, target: Path) -> None:
    """Read the sets, feed each, and write what came out."""
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))
    given = pickle.loads(source.read_bytes())
    found = {name: feed(batches, given["start_ms"]) for name, batches in given["sets"].items()}
    target.write_bytes(pickle.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
