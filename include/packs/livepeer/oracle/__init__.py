"""The independent oracle: the final facts of every session, computed from the published Kafka values alone.

`lifecycle` computes every row of the silver and session tables from the same evidence.

The oracle shares no module with the processor, the harness or the generator, and its method is different: the processor
is a state machine that reads record by record; the oracle sorts and groups the whole set and takes minima and maxima.
The readings below are those taken where the contract of the pipeline leaves a choice. Each has a test.

Acceptance
1. A record that any rule rejects or ignores contributes to no session and to no attribution. The same holds for a
   record with a value that its typed column cannot store, and for one whose row is too large. `typed.gate` and
   `typed.rows` decide this, and the expected typed rows come from the same decision.
2. A blank required text is missing. A negative time is not a time. A record with a time after 2149-06-06, where the
   warehouse's dates end, is rejected. NaN is not JSON, and half of a surrogate pair is not text.
3. Of accepted events with one id, whatever their types and times, the one that was published first counts. A rejected
   record does not count as the first. Events without an id are the same event when their content is equal without
   replay marks.
Facts
4. A status start time up to the year 2000 counts as absent, and so do a trace's own time of 0 and unreadable times. Any
   other time counts as written. A session that thereby begins in 2000 or before is left out here, as in the views.
5. Signals are ordered by time; at equal times requests come first, then swaps, and closes last; then by event id. So no
   order of arrival within a session changes an answer.
6. The mean FPS is over all accepted status events, computed from the numbers of the events, because a 32-bit column
   cannot store six decimals. The comparison with a threshold uses the stored values.
Attribution (canonical wallets only; a proxy wallet is never an answer)
7. A decision uses what had been published before the signal's record, stamped not more than 1,000 ms after it
   (`attribution.FUTURE_SKEW_MS`: clocks differ a bit). In a replay in the order of event time, capabilities first,
   these are the snapshots that existed at the signal's time.
8. Narrowing: if the named URL is known, the offers there, else those of its owners elsewhere; of them those of a
   compatible model; those of exactly this model before those of an unknown one; those within 24 h before the signal,
   else those after it, else the older. If several canonical wallets remain, nothing is resolved and earlier answers
   stand. Nearness in time never chooses between wallets.
9. The model hint is the signal's own, else the session's model so far.
10. Of the remaining offers only the nearest snapshot of each URL counts. When those name several models, the model is
    unknown; the same holds for pipelines. Beyond 24 h only the wallet is used.
11. Signals that name no orchestrator (ai events, close edges) neither add nor change an attribution. A swap trace names
    the abandoned wallet at its time. It changes nothing when the session has already left that wallet.
12. An orchestrator without hardware offers the models of its constraints, with a blank pipeline.
13. model_id is that of the last attribution that had one, else the first model hint; pipeline is that of the last
    attribution that had one, blank when it equals the model.
Rows
14. A silver row is attributed by its record's own wallet, URL, model hint and time. Its URL is the record's, else the
    snapshot's; its model the snapshot's, else (samples only) the record's hint.
15. A new segment begins where a signal is attributed to another canonical wallet, and only there. What comes before the
    first attribution belongs to the first segment. A segment ends where the next begins; the last one at its last close
    edge, else it is open. `reason` is that of the end, else that of the beginning.
16. The attribution at a signal: model, pipeline, method and confidence are those of the segment's last attribution that
    has one; else the opening signal's hint and the values of the segment before. The URL is the last that an attributed
    signal names, else that of the first snapshot that has one. A stale snapshot after a fresh one of the same wallet
    adds nothing.
17. A GPU is known when the nearest snapshots agree on one. It is unknown for a host with several GPUs, and for another
    host than the named one. It stays known until host or model change; a different spelling of the same URL or model
    is no change.
18. The columns of a session, its latencies and a parameter update are those of its last segment, for the update as of
    its time. The gateway is the first that is named; for a segment that of its opening signal, else that of the segment
    before.
19. `workflow_id` is the pipeline, else the workflow type. First and last event are those by event time, not by arrival.
    `has_model_change` looks at hints and attributions, `has_pipeline_change` at attributions.
20. A sample reports an error when its last error is not blank. LOADING is compared without case and blanks. Zero output
    is decided by the number in the event.
21. Edge coverage uses the signals up to and including its own. Capabilities are not used, so pipeline and wallet are
    blank. `unmatched_reason` is the first reason of spec/pipeline.md §8.8 that applies.
22. A structured message of a parameter update or an error is stored as its JSON text. Blank is the empty text.
Scenarios
23. Scenarios are defined as in the discovery queries (so scenario 1 needs no wallet), but without a window. `scenarios`
    lists all that a session satisfies; `scenario_observed` is the first by the precedence 3, 4, 1, 2, 5.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from functools import partial
from itertools import groupby
from operator import itemgetter
from typing import Any

from packs.livepeer.oracle.attribution import Wallets
from packs.livepeer.oracle.comparison import FIELDS, broken_layer, compare
from packs.livepeer.oracle.evidence import Evidence, gather, take_event
from packs.livepeer.oracle.facts import session_facts
from packs.livepeer.oracle.lifecycle import rows_of as lifecycle_rows
from packs.livepeer.oracle.linking import links
from packs.livepeer.oracle.scenarios import PRECEDENCE
from packs.livepeer.oracle.typed.expected import expected_rows as typed_rows
from packs.livepeer.oracle.values import NO_START_MS, iso

# A session that begins here or before has an implausible time among its signals.
_FIRST_START = iso(NO_START_MS) or ""

__all__ = [
    "FIELDS",
    "PRECEDENCE",
    "Expectation",
    "PartExpectation",
    "broken_layer",
    "compare",
    "expected_rows",
    "expected_sessions",
    "joined",
    "links",
]


class Expectation:
    """The expected content of the warehouse for a set of records, which are read once: first rows, then sessions.

    `records` yields (sequence, value, topic, partition, offset, Kafka time in epoch ms, key, headers) in the order of
    publishing. No row of the records with a sequence in `context` is yielded.
    """

    def __init__(self, records: Iterable[tuple[Any, ...]], context: Collection[int] = ()) -> None:
        self._records = records
        self._context = context
        self._evidence: Evidence | None = None

    def rows(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield (table, row) for every expected row of the layers that the processor writes.

        A row has every column of its table that is not exempt.
        """
        evidence = Evidence([], [], [])
        yield from typed_rows(self._records, partial(take_event, evidence), self._context)
        yield from lifecycle_rows(evidence)
        self._evidence = evidence

    def sessions(self) -> list[dict[str, Any]]:
        """Return the expected final facts of every session, as `expected_sessions` does.

        The records are read here unless `rows` was exhausted before.
        """
        return _sessions(gather(self._records) if self._evidence is None else self._evidence)


# A part of a run's records is judged as all of them are.
PartExpectation = Expectation


def expected_rows(records: Iterable[tuple[Any, ...]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the expected rows of these records: see `Expectation.rows`."""
    return Expectation(records).rows()


def expected_sessions(records: Iterable[tuple[Any, ...]]) -> list[dict[str, Any]]:
    """Return the expected final facts of every session, ordered by start and session id.

    `records` are (sequence, Kafka value) pairs as published. Rows are JSON-able: times are ISO-8601 UTC with three
    decimals, latencies are ms, flags are 0 or 1, `avg_output_fps` is rounded to six decimals and None without samples.
    In addition to `FIELDS` a row has `trace_count`, the number of its trace events.
    """
    return Expectation(records).sessions()


def _sessions(evidence: Evidence) -> list[dict[str, Any]]:
    wallets = Wallets(evidence.snapshots)
    signals = sorted(evidence.signals, key=itemgetter(0, 1, 2, 3))
    rows = [session_facts(list(group), wallets) for _, group in groupby(signals, key=lambda signal: signal.session)]
    return joined(row for row in rows if row["session_start_ts"] > _FIRST_START)


def joined(sessions: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return sessions, also of several parts of the records, in the order of their start and id."""
    return sorted(sessions, key=lambda row: (row["session_start_ts"], row["workflow_session_id"]))
