"""The expected rows of the silver and session tables, with every column, from a set of published records.

The readings of the contract are those of `packs.livepeer.oracle`, with the same numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import Any

from packs.livepeer.oracle.attribution import Wallets
from packs.livepeer.oracle.evidence import Evidence, gather
from packs.livepeer.oracle.lifecycle.coverage import coverage_rows
from packs.livepeer.oracle.lifecycle.sessions import session_rows
from packs.livepeer.oracle.lifecycle.silver import ingest_row, silver_rows
from packs.livepeer.oracle.segments import own_attributions, segments_of

__all__ = ["expected_rows", "rows_of"]

Row = dict[str, Any]


def expected_rows(records: Iterable[tuple[Any, ...]]) -> Iterator[tuple[str, Row]]:
    """Yield (table, row) of the silver and session tables. A session's rows are those of its newest version.

    `records` are (sequence, Kafka value, topic, partition, offset, …) as published. A row has every column of its
    table, computed ones included, but `ingestion_timestamp` and `version`. Times are ISO-8601 UTC with three decimals,
    dates YYYY-MM-DD, latencies ms.
    """
    yield from rows_of(gather(records))


def rows_of(evidence: Evidence) -> Iterator[tuple[str, Row]]:
    """Yield the rows that `expected_rows` yields, from evidence that was already gathered."""
    signals, ingest, snapshots = evidence
    wallets = Wallets(snapshots)
    for sample in ingest:
        yield "fact_stream_ingest_samples", ingest_row(sample)
    signals.sort(key=itemgetter(0, 1, 2, 3))
    for _, group in groupby(signals, key=attrgetter("session")):
        session = list(group)
        own = own_attributions(session, wallets)
        yield from silver_rows(session, own)
        yield from coverage_rows(session)
        yield from session_rows(session, segments_of(session, wallets, own))
