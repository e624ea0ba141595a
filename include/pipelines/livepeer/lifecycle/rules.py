"""The constants of the lifecycle: names on the wire, and the bounds that an operator may set."""

from __future__ import annotations

from dataclasses import dataclass

HOUR_MS = 3_600_000

STREAM_REQUEST = "gateway_receive_stream_request"
FIRST_PROCESSED = "gateway_receive_first_processed_segment"
FEW_PROCESSED = "gateway_receive_few_processed_segments"
NO_ORCHESTRATORS = "gateway_no_orchestrators_available"
SWAP = "orchestrator_swap"
CLOSED = "gateway_ingest_stream_closed"

ERROR = "error"
PARAMS_UPDATE = "params_update"
LOADING = "loading"

# The prefix of a trace subtype is its category.
TRACE_CATEGORIES = ("gateway", "orchestrator", "runner", "app")
OTHER_CATEGORY = "other"

WORKFLOW_TYPE = "ai_live_video_stream"
EDGE_SEMANTICS = "v1"

# A start time up to 2000-01-01 UTC is a producer's default value and counts as absent.
NO_START_MS = 946_684_800_000

# A failure whose message contains one of these texts (in any letter case) is the fault of the user or the network.
EXCUSABLE_MESSAGES = (
    "no orchestrators available",
    "mediamtx ingest disconnected",
    "whip disconnected",
    "missing video",
    "ice connection state failed",
    "user disconnected",
)


@dataclass(frozen=True)
class Rules:
    """The bounds of attribution and of memory.

    `attribution_ttl_ms`: the lifetime of a capability snapshot. An older one gives only the wallet's identity.
    `future_skew_ms`: how much later than a signal a snapshot may be stamped (clocks differ). It is small on purpose:
    with a larger one, results would depend on whether the snapshot arrived before or after the signal.
    `session_ttl_ms`: processing time without a signal after which a session is dropped. Status samples come every 10 s,
    so a day is generous. A later signal starts the session again, with a greater version. `most_segments`: the bound of
    segments a session; orchestrator changes beyond it open none. The last three settings bound the capability index:
    the candidates with the oldest snapshots are dropped first.
    """

    attribution_ttl_ms: int = 24 * HOUR_MS
    future_skew_ms: int = 1_000
    session_ttl_ms: int = 24 * HOUR_MS
    most_segments: int = 1_000
    most_wallets: int = 50_000
    most_candidates_per_wallet: int = 256
    most_times_per_candidate: int = 4_096


DEFAULT_RULES = Rules()


def is_excusable(message: str) -> bool:
    """Return whether an error message excuses a failed start. A blank message does not."""
    lowered = message.lower()
    return any(text in lowered for text in EXCUSABLE_MESSAGES)


def trace_category(trace_type: str) -> str:
    """Return the component that emitted a milestone, by the prefix of its subtype."""
    prefix, underscore, _ = trace_type.partition("_")
    return prefix if underscore and prefix in TRACE_CATEGORIES else OTHER_CATEGORY
