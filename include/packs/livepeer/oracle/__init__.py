"""The independent oracle: the final facts of every session, computed from the published Kafka values alone.

`lifecycle` computes every row of the silver and session tables from the same evidence.

The oracle shares no module with the processor, the harness or the generator, and it works the other way round: not a
state machine fed record by record, but sorting, grouping, minima and maxima over the whole set. Where the contract of
the pipeline leaves a choice, these are the readings taken; each has a test.

Acceptance
1. A record that any rule rejects or ignores contributes nothing to a session, nor to an attribution: also one with a
   value that its typed column cannot hold, and one whose row is too large. There is one judgement of a value, that of
   `typed.gate` and `typed.rows`, from which the expected typed rows come as well.
2. A blank required text is missing. Negative times are not times; a record with one after 2149-06-06, where the
   warehouse's dates end, is rejected. NaN is not JSON, and half of a surrogate pair is not text.
3. Of accepted events with one id, whatever their types and times, the one that was published first counts. A rejected
   record does not use up its id. Events without id are the same event when their content without replay marks is equal.
Facts
4. A status start time up to the year 2000, and a trace's own time of 0, are absent, as are unreadable ones. Any other
   time counts as it is told; a session that by it begins in 2000 or before counts for nothing, and is left out here as
   it is in the views.
5. Signals are ordered by time; at equal times requests come first, then swaps, and closes last; then by event id. So no
   order of arrival within a session changes an answer.
6. The mean FPS is over all accepted status events, of the numbers as they stand in the events: a 32-bit column does not
   hold six decimals. Whether it exceeds a threshold is decided by what the column holds.
Attribution (canonical wallets only; a proxy wallet is never an answer)
7. A decision uses what had been published before the signal's record, stamped not more than 1,000 ms after it
   (`attribution.FUTURE_SKEW_MS`: clocks differ a bit). In a replay in the order of event time, capabilities first, that
   is what was there at the signal's time.
8. Narrowing: if the named URL is known, the offers there, else those of its owners elsewhere; of them those of a
   compatible model; those of exactly this model before those of an unknown one; those within 24 h before the signal,
   else those after it, else the older. If several canonical wallets remain, nothing is resolved and earlier answers
   stand. Nearness in time never chooses between wallets.
9. The model hint is the signal's own, else the session's model so far.
10. Of what remains only the nearest snapshot of each URL counts. Where those name several models, or several pipelines,
    there is none. Beyond 24 h only the wallet is used.
11. Signals that name no orchestrator (ai events, close edges) neither add nor change an attribution. A swap trace names
    the abandoned wallet at its time: one that the session has left before is no news.
12. An orchestrator without hardware offers the models of its constraints, with a blank pipeline.
13. model_id is that of the last attribution that had one, else the first model hint; pipeline is that of the last
    attribution that had one, blank when it equals the model.
Rows
14. A silver row is attributed by its record's own wallet, URL, model hint and time. Its URL is the record's, else the
    snapshot's; its model the snapshot's, else (samples only) the record's hint.
15. A new segment begins where a signal is attributed to another canonical wallet, and only there. What comes before the
    first attribution belongs to the first segment. A segment ends where the next begins; the last one at its last close
    edge, else it is open. `reason` is that of the end, else that of the beginning.
16. Who serves, at a signal: model, pipeline, method and confidence of the segment's last attribution that gives one;
    else the opening signal's hint and what the segment before knew. The URL is the last that an attributed signal
    names, else that of the first snapshot that has one. After a fresh snapshot a stale one of the same wallet adds
    nothing.
17. A GPU is known where the nearest snapshots agree on one: never of a host with several, nor of another host than the
    named one. It holds until host or model change; two spellings of a URL or a model are one.
18. The session's, its latencies' and a parameter update's columns are those of its last segment, the update's as of its
    time. The gateway is the first that is named; of a segment its opening signal's, else that of the segment before.
19. `workflow_id` is the pipeline, else the workflow type. First and last event are those by event time, not by arrival.
    `has_model_change` looks at hints and attributions, `has_pipeline_change` at attributions.
20. A sample reports an error when its last error is not blank; LOADING is compared without case and blanks; zero output
    is judged by the number as it stands in the event.
21. Edge coverage knows what the signals up to and with its own have named; no capability takes part, so pipeline and
    wallet are blank. Of `unmatched_reason` the first that applies of spec/pipeline.md §8.8.
22. Parameter updates and errors with a structure as message have its JSON text. Blank is the empty text.
Scenarios
23. As the discovery queries define them (so scenario 1 needs no wallet), without a window; `scenarios` lists all that a
    session satisfies, `scenario_observed` is the first by the precedence 3, 4, 1, 2, 5.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import groupby
from operator import itemgetter
from typing import Any

from packs.livepeer.oracle.attribution import Wallets
from packs.livepeer.oracle.comparison import FIELDS, broken_layer, compare
from packs.livepeer.oracle.evidence import Evidence, gather, take_event
from packs.livepeer.oracle.facts import session_facts
from packs.livepeer.oracle.lifecycle import rows_of as lifecycle_rows
from packs.livepeer.oracle.scenarios import PRECEDENCE
from packs.livepeer.oracle.typed.expected import expected_rows as typed_rows
from packs.livepeer.oracle.values import NO_START_MS, iso

# A session that begins here or before has a time among its signals that is none.
_FIRST_START = iso(NO_START_MS) or ""

__all__ = ["FIELDS", "PRECEDENCE", "Expectation", "broken_layer", "compare", "expected_rows", "expected_sessions"]


class Expectation:
    """What a set of records must leave in the warehouse, from one reading of their values: the rows, then the sessions.

    `records` yields (sequence, value, topic, partition, offset, Kafka time in epoch ms, key, headers) in the order of
    publishing.
    """

    def __init__(self, records: Iterable[tuple[Any, ...]]) -> None:
        self._records = records
        self._evidence: Evidence | None = None

    def rows(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield (table, row) for every row that the records must leave in the layers that the processor writes.

        A row has every column of its table that is not exempt.
        """
        evidence = Evidence([], [], [])
        yield from typed_rows(self._records, partial(take_event, evidence))
        yield from lifecycle_rows(evidence)
        self._evidence = evidence

    def sessions(self) -> list[dict[str, Any]]:
        """Return the expected final facts of every session, as `expected_sessions` does.

        The records are read only where `rows` has not been exhausted before.
        """
        return _sessions(gather(self._records) if self._evidence is None else self._evidence)


def expected_rows(records: Iterable[tuple[Any, ...]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the expected rows of these records: see `Expectation.rows`."""
    return Expectation(records).rows()


def expected_sessions(records: Iterable[tuple[Any, ...]]) -> list[dict[str, Any]]:
    """Return the expected final facts of every session, ordered by start and session id.

    `records` are (sequence, Kafka value) pairs as published. Rows are JSON-able: times are ISO-8601 UTC with three
    decimals, latencies are ms, flags are 0 or 1, `avg_output_fps` is rounded to six decimals and None without samples.
    Beside `FIELDS` a row holds `trace_count`, the number of its trace events.
    """
    return Expectation(records).sessions()


def _sessions(evidence: Evidence) -> list[dict[str, Any]]:
    wallets = Wallets(evidence.snapshots)
    signals = sorted(evidence.signals, key=itemgetter(0, 1, 2, 3))
    rows = [session_facts(list(group), wallets) for _, group in groupby(signals, key=lambda signal: signal.session)]
    rows = [row for row in rows if row["session_start_ts"] > _FIRST_START]
    return sorted(rows, key=lambda row: (row["session_start_ts"], row["workflow_session_id"]))
