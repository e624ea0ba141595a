"""Divide the records of a run into parts that an oracle can judge one by one, with the results of the whole."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

# A part of so many records takes some hundred megabytes in the process that judges it.
PART_RECORDS = 50_000
# Below this number, one process is faster than the start of several.
SMALLEST = 20_000


class Links(NamedTuple):
    """How a record concerns others. Records with a common name are judged together.

    A `shared` record concerns every other one: all parts get it, but only one of them yields its rows.
    """

    names: tuple[str, ...]
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """The records of one part, by their places in the order of publishing. Rows of `context` belong to other parts."""

    records: array[int]
    context: frozenset[int]


def divided(links: Iterable[Links], *, part_records: int = PART_RECORDS) -> list[Part]:
    """Return the parts of records, given in the order of publishing, with about `part_records` records each.

    A part has at least twice as many records of its own as shared ones, or the work on these would outgrow the rest.
    Records that names connect, also over others, are in one part. One part is returned when a shared record has a name
    in common with one that is not shared, because every part would then need the results of another.
    """
    names, holders, shared = array("Q"), array("I"), array("I")
    number = 0
    for number, link in enumerate(links, start=1):
        if link.shared:
            shared.append(number - 1)
        for name in link.names:
            names.append(int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big"))
            holders.append(number - 1)
    leaders = _leaders(names, holders, number)
    everywhere = frozenset(shared)
    if any((place in everywhere) != (leader in everywhere) for place, leader in enumerate(leaders)):
        return [Part(array("I", range(number)), frozenset())]
    return _parts(leaders, everywhere, max(part_records, 2 * len(everywhere)))


def _leaders(names: array[int], holders: array[int], number: int) -> array[int]:
    """Return for each record the first record that it is connected with, which may be itself."""
    import numpy as np

    leaders = array("I", range(number))

    def leader_of(place: int) -> int:
        while leaders[place] != place:
            leaders[place] = leaders[leaders[place]]
            place = leaders[place]
        return place

    hashes, places = np.frombuffer(names, dtype="uint64"), np.frombuffer(holders, dtype="uint32")
    order = np.argsort(hashes, kind="stable")
    same = np.nonzero(hashes[order][1:] == hashes[order][:-1])[0]
    for first, second in zip(places[order[same]].tolist(), places[order[same + 1]].tolist(), strict=True):
        one, other = leader_of(first), leader_of(second)
        leaders[max(one, other)] = min(one, other)
    for place in range(number):
        leaders[place] = leader_of(place)
    return leaders


def _parts(leaders: array[int], shared: frozenset[int], part_records: int) -> list[Part]:
    """Return the parts, filled one after the other in the order in which the groups of records begin."""
    sizes = array("I", bytes(4 * len(leaders)))
    for leader in leaders:
        sizes[leader] += 1
    part_of, filled, part = array("I", bytes(4 * len(leaders))), 0, 0
    for place, leader in enumerate(leaders):
        if place == leader and place not in shared:
            if filled >= part_records:
                part, filled = part + 1, 0
            part_of[place] = part
            filled += sizes[place]
    records = [array("I") for _ in range(part + 1)]
    for place, leader in enumerate(leaders):
        for one in range(part + 1) if place in shared else (part_of[leader],):
            records[one].append(place)
    return [Part(found, shared if one else frozenset()) for one, found in enumerate(records)]
