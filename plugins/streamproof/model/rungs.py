"""The rungs: how much a run can prove about a pipeline, by what the pack says about it in `accounting:`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum


class Rung(StrEnum):
    """One rung. Their order is that of the design; a pack may have a later one without an earlier one."""

    JUDGED = "judged"
    DRAINED = "drained"
    RAW_COMPLETE = "raw_complete"
    IDS_ACCOUNTED = "ids_accounted"
    RECORDS_ACCOUNTED = "records_accounted"
    FORETOLD = "foretold"


# What a run proves on each rung.
PROVES: Mapping[Rung, str] = {
    Rung.JUDGED: "the suites and contracts hold",
    Rung.DRAINED: "what was published had arrived before anything was judged",
    Rung.RAW_COMPLETE: "every published record is in the raw table exactly once",
    Rung.IDS_ACCOUNTED: "every id ended in exactly one place, and none came from nowhere",
    Rung.RECORDS_ACCOUNTED: "every record has exactly one disposition",
    Rung.FORETOLD: "the facts are what the events alone say",
}

# What a pack must say to offer each rung.
NEEDS: Mapping[Rung, str] = {
    Rung.JUDGED: "Name suites of assertions in `suites`, or add contracts.",
    Rung.DRAINED: "Name consumer groups and settled tables in `accounting.drained`.",
    Rung.RAW_COMPLETE: "Name the raw table and its columns of topic, partition and offset in `accounting.raw`.",
    Rung.IDS_ACCOUNTED: "Say in `accounting.ids` where an event's id stands in its value and in the tables.",
    Rung.RECORDS_ACCOUNTED: "Name the table with the disposition of every record in `accounting.dispositions`.",
    Rung.FORETOLD: "Name in `oracle` the module that computes the expected facts from the events.",
}


def missing_rungs(offered: Collection[str]) -> dict[str, str]:
    """Return the rungs that a pack does not offer, and what it would have to say, one sentence each."""
    return {rung.value: NEEDS[rung] for rung in Rung if rung not in offered}
