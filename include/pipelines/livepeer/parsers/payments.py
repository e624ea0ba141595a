"""`create_new_payment`: a batch of payment tickets was created."""

from __future__ import annotations

from typing import Any

from pipelines.livepeer.event import Event
from pipelines.livepeer.fields import text

# The payload keys, in the order of the table's columns. Amounts are texts with their units.
KEYS = (
    "requestID",
    "sessionID",
    "manifestID",
    "sender",
    "recipient",
    "orchestrator",
    "faceValue",
    "price",
    "numTickets",
    "winProb",
    "clientIP",
    "capability",
)


def parse(event: Event) -> list[tuple[Any, ...]]:
    """Return the one row of a payment. Values are stored as received."""
    data = event.data
    return [(event.when, *(text(data, key) for key in KEYS), *event.lineage(event.text or ""))]
