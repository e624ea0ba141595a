"""Conservation: where every record went, as a table and as a flow, and what became of the planted rejects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from streamproof.model.accounting import DISPOSITIONS_ONCE, IDS_BY_PLACE
from streamproof.model.results import StageResult
from streamproof.report.formatting import count, number, whole
from streamproof.report.sections.entries import amount, nested

# The sizes of the drawing, in its own units.
_HEIGHT, _LEAST, _GAP, _TOP = 220.0, 3.0, 30.0, 16.0
_ACCEPTED = "accepted"
_LOST = "nowhere"
_SEVERAL = "published or found several times"


@dataclass(frozen=True, slots=True)
class Disposition:
    """Expected and observed number of records of one event type with one disposition (None: not known)."""

    disposition: str
    event_type: str
    expected: int
    observed: int | None


@dataclass(frozen=True, slots=True)
class Band:
    """One band of the flow, in the units of the drawing: from `source` on the left edge to `target` on the right."""

    name: str
    kind: str
    amount: int
    source: float
    target: float
    height: float


@dataclass(frozen=True, slots=True)
class Flow:
    """Where the records of a run went. `what` is records or ids; `height` is that of the drawing.

    `columns` are the places, and `rows` the numbers by event type, with the published ones first; both may be empty.
    `note` says why the bands are not the published ones, '' when they are.
    """

    what: str
    published: int
    bands: tuple[Band, ...]
    height: float
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[int, ...]], ...]
    note: str = ""


def flow(results: Mapping[str, StageResult]) -> Flow | None:
    """Return where every record went, by dispositions or else by the places of ids; None when neither is known."""
    kinds = nested(results.get("conservation"), "dispositions")
    published = amount(results.get("replay_events"), "published")
    if kinds and published:
        totals = {kind: sum(map(whole, families.values())) for kind, families in kinds.items()}
        columns, rows = _by_type(results, kinds)
        lost, note = _records_lost(results["conservation"], published, sum(totals.values()))
        return _flow("records", published, {**totals, _LOST: lost}, columns, rows, note)
    places, ids = _places(results.get("conservation"))
    return _flow("ids", ids, places, (), ()) if places and ids else None


def _records_lost(result: StageResult, published: int, counted: int) -> tuple[int, str]:
    """Return how many records have no disposition, as far as that is known, and what the numbers leave open.

    The difference of the totals is not enough: a record with two dispositions hides one without any.
    """
    missing = next((it.diagnostics.get("missing") for it in result.checks if it.name == DISPOSITIONS_ONCE), None)
    if missing is None and counted > published:
        told = f"{count(counted, 'disposition')} of {count(published, 'record')} were counted"
        return 0, f"{told}: how many records went nowhere is not known, because some have several dispositions."
    lost = max(published - counted, whole(missing))
    surplus = counted + lost - published
    more = f"{number(surplus)} of the dispositions {'is' if surplus == 1 else 'are'}"
    return lost, f"{more} of a record that has another one, or that nobody published." if surplus else ""


def _places(result: StageResult | None) -> tuple[dict[str, int], int]:
    """Return the number of ids by the place in which they ended, and how many were published.

    An id that was published or found several times is counted apart, and one that is in no place is lost.
    """
    for check in result.checks if result else ():
        found = check.diagnostics.get(IDS_BY_PLACE)
        if isinstance(found, Mapping):
            places = {str(place): whole(ids) for place, ids in found.items()}
            published, lost = whole(check.diagnostics.get("ids_published")), whole(check.failed_rows)
            return {**places, _SEVERAL: published - sum(places.values()) - lost, _LOST: lost}, published
    return {}, 0


def _by_type(
    results: Mapping[str, StageResult], kinds: Mapping[str, Mapping[str, object]]
) -> tuple[tuple[str, ...], tuple[tuple[str, tuple[int, ...]], ...]]:
    replay = results.get("replay_events")
    given = replay.details.get("by_type") if replay else None
    published = given if isinstance(given, Mapping) else {}
    families = sorted({*map(str, published), *(family for found in kinds.values() for family in found)})
    rows = tuple(
        (family or "(none)", (whole(published.get(family)), *(whole(found.get(family)) for found in kinds.values())))
        for family in families
    )
    return ("published", *kinds), rows


def _flow(
    what: str,
    published: int,
    amounts: Mapping[str, int],
    columns: tuple[str, ...],
    rows: tuple[tuple[str, tuple[int, ...]], ...],
    note: str = "",
) -> Flow:
    scale = _HEIGHT / max(published, sum(amounts.values()))
    bands: list[Band] = []
    source = target = _TOP
    for name, its in amounts.items():
        if its <= 0:
            continue
        height = max(its * scale, _LEAST)
        bands.append(Band(name, _kind(what, name), its, round(source, 1), round(target, 1), round(height, 1)))
        source += height
        target += max(height, _LEAST) + _GAP
    return Flow(what, published, tuple(bands), round(max(target, _HEIGHT + 2 * _TOP), 1), columns, rows, note)


def _kind(what: str, name: str) -> str:
    if name == _LOST:
        return "lost"
    return "kept" if what == "ids" or name == _ACCEPTED else "rejected"


def dispositions(results: Mapping[str, StageResult]) -> tuple[Disposition, ...]:
    """Return the numbers of expected and observed rejects; empty when the fixture set has none and none were seen."""
    replay, conservation = results.get("replay_events"), results.get("conservation")
    expected = nested(replay, "expected")
    observed = nested(conservation, "dispositions")
    keys = {(kind, family) for kind, families in expected.items() for family, number in families.items() if number}
    keys |= {
        (kind, family)
        for kind, families in observed.items()
        for family, number in families.items()
        if number and kind != _ACCEPTED
    }
    return tuple(
        Disposition(
            disposition=kind,
            event_type=family or "(none)",
            expected=whole(expected.get(kind, {}).get(family)),
            observed=whole(observed.get(kind, {}).get(family)) if observed else None,
        )
        for kind, family in sorted(keys)
    )
