"""The independent oracle: the final facts of every session, computed from the published Kafka values alone.

It shares no module with the processor, the harness or the generator, and it works the other way round: not a state
machine fed record by record, but sorting, grouping, minima and maxima over the whole set. Where the contract of the
pipeline leaves a choice, these are the readings taken; each has a test.

Acceptance
1. A record that any rule rejects or ignores contributes nothing to a session, also one whose row is too large (measured
   as the JSON size of the raw text and the texts that the row repeats; within a few hundred bytes of the limit the
   exact row layout decides, which the oracle does not know).
2. A blank required text is missing. Negative times, and times after the year 9999, are not times. NaN is not JSON.
3. Of accepted events with one id, whatever their types, the first by (event time, sequence) counts. A rejected record
   does not use up its id. Events without id are the same event when their content without replay marks is equal.
Facts
4. A status start time, or a trace's own time, that is 0 or unreadable is absent, not the year 1970.
5. Signals are ordered by (signal time, envelope time, event id), so that no order of arrival changes an answer.
6. FPS values that are not JSON numbers count 0; the mean is over all accepted status events, of 32-bit values.
Attribution (canonical wallets only; a proxy wallet is never an answer)
7. A decision uses what had been published by the signal's envelope time: later snapshots do not reach back (allowed
   future skew: 0 ms, `attribution.FUTURE_SKEW_MS`), snapshots of the same instant count as published before.
8. Narrowing: offers under the named wallet not more than 48 h older than its newest; those at the named URL if there
   are any; those of a compatible model; those of exactly this model before those of an unknown one; those within 24 h
   of the signal, else the older. If several canonical wallets remain, nothing is resolved and earlier answers stand.
   The distance in time ranks offers of one wallet (for the model); it never chooses between wallets.
9. The model hint is the signal's own, else the newest that the session's events had named by then. A model that an
   attribution guessed is never a hint.
10. Beyond 24 h only the wallet is used, not model or pipeline.
11. Signals that name no orchestrator (ai events, close edges) neither add nor change an attribution. A swap trace is a
    signal like any other: it names the abandoned wallet at its time.
12. An orchestrator without hardware offers the models of its constraints, with a blank pipeline.
13. model_id is that of the last attribution that had one, else the first model hint; pipeline is that of the last
    attribution that had one, blank when it equals the model.
Scenarios
14. As the discovery queries define them (so scenario 1 needs no wallet), without a window; `scenarios` lists all that a
    session satisfies, `scenario_observed` is the first by the precedence 3, 4, 1, 2, 5.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Any

from packs.livepeer.oracle.attribution import Wallets
from packs.livepeer.oracle.comparison import FIELDS, compare
from packs.livepeer.oracle.evidence import gather
from packs.livepeer.oracle.facts import session_facts

__all__ = ["FIELDS", "compare", "expected_sessions"]


def expected_sessions(records: Iterable[tuple[int, bytes | None]]) -> list[dict[str, Any]]:
    """Return the expected final facts of every session, ordered by start and session id.

    `records` are (sequence, Kafka value) pairs as published. Rows are JSON-able: times are ISO-8601 UTC with three
    decimals, latencies are ms, flags are 0 or 1, `avg_output_fps` is rounded to six decimals and None without samples.
    """
    signals, snapshots = gather(records)
    wallets = Wallets(snapshots)
    signals.sort(key=lambda signal: (signal.session, signal.time, signal.published, signal.uid))
    rows = [session_facts(list(group), wallets) for _, group in groupby(signals, key=lambda signal: signal.session)]
    return sorted(rows, key=lambda row: (row["session_start_ts"], row["workflow_session_id"]))
