"""The accepted events among Kafka values, and the key by which two of them are the same event."""

from __future__ import annotations

from typing import Any, NamedTuple

from packs.livepeer.oracle.reading import read_value
from packs.livepeer.oracle.typed.gate import judge
from packs.livepeer.oracle.typed.judged import Judged, dedup_key
from packs.livepeer.oracle.typed.rows import typed
from packs.livepeer.oracle.values import text


class Event(NamedTuple):
    """One accepted record.

    `time` is the envelope's, in Unix epoch ms; `uid` names the event in every permutation; `gateway` is the envelope's.
    """

    key: str
    uid: str
    type: str
    time: int
    event_id: str
    data: Any
    gateway: str = ""


def accept(value: bytes | None) -> Event | None:
    """Return the event of a Kafka value, or None for a value that is ignored or rejected, even in part."""
    judged = judged_value(value)
    if judged.failure is not None or typed(judged).failures:
        return None
    return accepted_event(judged)


def accepted_event(judged: Judged) -> Event:
    """Return the event of a value that passed the gate and whose rows all fit the warehouse."""
    gateway = text(judged.root.get("gateway")) if isinstance(judged.root, dict) else ""
    time = judged.time or 0
    return Event(dedup_key(judged)[0], judged.uid, judged.family, time, judged.event_id, judged.data, gateway)


def judged_value(value: bytes | None) -> Judged:
    """Return a Kafka value as judged by the quality gate."""
    return judge(value, read_value(value))
