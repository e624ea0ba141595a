"""Records that must be rejected, quarantined or ignored, and unusual ones that must be accepted.

Each function adds records of one theme to a session. They do not change the session's facts.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from packs.livepeer.generator.lines import FIRST_FAMILY, Expect, Line, compact
from packs.livepeer.generator.network import NO_ORCHESTRATOR, Network
from packs.livepeer.generator.seeded_random import BASE_MS, HOUR, MINUTE, SECOND
from packs.livepeer.generator.session_builder import SessionBuilder, envelope_text

ACCEPTED = Expect("accepted")
DUPLICATE = Expect("quarantine", "DUPLICATE", "duplicate_event")
UNPARSEABLE = Expect("dlq", "PARSING_FAILED", "parse_exception")
OVERSIZE = Expect("dlq", "RECORD_TOO_LARGE", "record_too_large")
VERSION = Expect("dlq", "UNSUPPORTED_VERSION", "unsupported_version")

# A typed row contains the received text and the prompt again, so it exceeds a million bytes. Its reject row does not.
OVERSIZE_PROMPT = "a very long prompt, " * 26_000

REQUIRED = {
    "stream_trace": ("stream_id", "request_id", "type"),
    "ai_stream_status": ("stream_id", "request_id", "pipeline"),
    "ai_stream_events": ("stream_id", "request_id", "pipeline", "type"),
    "stream_ingest_metrics": ("stream_id", "request_id"),
    "create_new_payment": (
        "sessionID", "manifestID", "sender", "recipient", "orchestrator",
        "faceValue", "numTickets", "price", "winProb",
    ),
}  # fmt: skip


def unreadable(reason: str) -> Expect:
    """Return the expectation for a value that is not JSON."""
    return Expect("dlq", "DESERIALIZATION_FAILED", reason)


def malformed(reason: str) -> Expect:
    """Return the expectation for an envelope of the wrong shape."""
    return Expect("dlq", "SCHEMA_INVALID", reason)


def ignored(reason: str) -> Expect:
    """Return the expectation for traffic that the pipeline ignores."""
    return Expect("ignored", "", reason)


def payloads(builder: SessionBuilder, network: Network) -> dict[str, dict[str, Any]]:
    """Return a complete payload of every family whose payload is an object with required fields."""
    at = builder.start_ms + 9 * SECOND
    return {
        "stream_trace": {
            "type": "gateway_receive_first_data_segment", **builder.ids(), "pipeline_id": "", "timestamp": at,
            "orchestrator_info": NO_ORCHESTRATOR,
        },
        "ai_stream_status": builder.status_data(at, network.plain, 15.0),
        "ai_stream_events": {
            "type": "error", **builder.ids(), "pipeline": builder.model, "pipeline_id": "", "message": "x",
        },
        "stream_ingest_metrics": {**builder.ids(), "stats": {"conn_quality": "good", "track_stats": []}},
        "create_new_payment": builder.payment_data(network.plain),
    }  # fmt: skip


def broken_envelopes(builder: SessionBuilder) -> None:
    """Add records that fail checks 1 to 8, 10 and 11 of the quality gate."""
    at, gateway = builder.start_ms + 12 * SECOND, builder.gateway
    trace = {
        "type": "gateway_receive_first_data_segment",
        **builder.ids(),
        "timestamp": at,
        "orchestrator_info": NO_ORCHESTRATOR,
    }
    whole = envelope_text(builder.rng.uuid(), "stream_trace", str(at), gateway, trace)
    for value, expect in (
        (None, unreadable("null_payload")),
        (b"", malformed("root_not_object")),
        ("   ", malformed("root_not_object")),
        ("not json at all", unreadable("json_parse_error")),
        (whole[: len(whole) // 2], unreadable("json_parse_error")),
        (whole + " trailing", unreadable("json_parse_error")),
        (b"\xff\xfe\x00\x01\x02", unreadable("json_parse_error")),
        (b'{"type":"stream_trace","timestamp":"1","data":{"stream_id":"\xc3\x28"}}', unreadable("json_parse_error")),
        ("42", malformed("root_not_object")),
        ('"a text"', malformed("root_not_object")),
        ("null", malformed("root_not_object")),
        (f"[{whole}]", malformed("root_not_object")),
        ("{}", malformed("missing_type")),
    ):
        builder.raw(at, value, expect)

    def envelope(expect: Expect, *, family: object = "stream_trace", drop: str = "", **change: object) -> None:
        values: dict[str, object] = {
            "id": builder.rng.uuid(), "type": family, "timestamp": str(at), "gateway": gateway, "data": trace, **change,
        }  # fmt: skip
        values.pop(drop, None)
        counted = values.get("type")
        builder.raw(at, compact(values), expect, family=counted if isinstance(counted, str) else "")

    for family in (None, 7, {"name": "stream_trace"}):
        envelope(malformed("missing_type"), family=family)
    envelope(malformed("missing_type"), drop="type")
    envelope(malformed("missing_timestamp"), drop="timestamp")
    for timestamp in (None, "", "2026-02-28T21:05:12Z", True, "12x", -5, {"ms": at}):
        envelope(malformed("missing_timestamp"), timestamp=timestamp)
    envelope(malformed("missing_data"), drop="data")
    for version in ("2", 7, "v3"):
        envelope(VERSION, version=version)
    envelope(VERSION, data={**trace, "version": "99"})
    _broken_arrays(builder, at)


def _broken_arrays(builder: SessionBuilder, at: int) -> None:
    """Add records that fail the two checks of the families whose payload is an array."""
    no_arrays: tuple[object, ...] = ([], {}, {"address": "0x1"}, 5)
    for data in no_arrays:
        builder.add("discovery_results", at, data, as_object=True, expect=malformed("empty_array"))
    scalars: tuple[object, ...] = (5, True, "a text that is no JSON")
    for scalar in scalars:
        # A `data` text on a line is read as JSON. A payload that is itself a text must therefore be written as JSON.
        as_object = not isinstance(scalar, str)
        builder.add(FIRST_FAMILY, at, scalar, as_object=as_object, expect=malformed("invalid_data_shape"))


def missing_fields(builder: SessionBuilder, network: Network) -> None:
    """Add records that fail check 9: required fields of every family that are absent, null, empty or blank."""
    at, missing = builder.start_ms + 1_500, malformed("missing_field")
    for family, payload in payloads(builder, network).items():
        for index, name in enumerate(REQUIRED[family]):
            without = {key: value for key, value in payload.items() if key != name}
            broken = (without, {**payload, name: None}, {**payload, name: ""}, {**payload, name: "  "})[index % 4]
            builder.add(family, at, without, expect=missing)
            builder.add(family, at, broken, expect=missing, as_object=True)
        builder.add(family, at, None, as_object=True, expect=missing)
        text = envelope_text(builder.rng.uuid(), family, str(at), builder.gateway, compact(payload))
        builder.raw(at, text, missing, family=family)
    for family in (FIRST_FAMILY, "discovery_results"):
        builder.add(family, at, None, as_object=True, expect=missing)
    trace = payloads(builder, network)["stream_trace"]
    builder.add("stream_trace", at, trace, event_id="", expect=missing)
    builder.add("stream_trace", at, {**trace, "stream_id": "", "request_id": ""}, expect=missing)


def duplicates(builder: SessionBuilder, network: Network) -> None:
    """Add duplicates of events that are accepted: the same body, another body, another gateway, and without an id."""
    accepted = {line.family: line for line in builder.lines if line.event_id}
    for family in ("stream_trace", "ai_stream_status", FIRST_FAMILY):
        again(builder, accepted[family], 3)
    status = accepted["ai_stream_status"]
    at = status.order_ms
    data = builder.status_data(at, network.plain, 3.0, state="DEGRADED_INPUT")
    builder.add("ai_stream_status", at + 5, data, event_id=status.event_id, expect=DUPLICATE)
    builder.add("ai_stream_status", at + 6, data, event_id=status.event_id, gateway="gw-elsewhere", expect=DUPLICATE)

    # An event without an id is identified by its content without replay marks.
    first = builder.status(at + SECOND, network.plain, 15.5, event_id="", expect=ACCEPTED)
    again(builder, first, 1)
    marks = {"__replay": True, "__replay_ts": at + MINUTE, "__replay_source": "dlq"}
    builder.lines.append(_changed(first, 2, DUPLICATE, **marks))
    payment = builder.add(
        "create_new_payment", at + SECOND, builder.payment_data(network.plain), event_id="", expect=ACCEPTED
    )
    again(builder, payment, 1)


def again(builder: SessionBuilder, line: Line, times: int) -> None:
    """Add exact copies of an event, which are duplicates."""
    for _ in range(times):
        builder.lines.append(_changed(line, 0, DUPLICATE))


def _changed(line: Line, later_ms: int, expect: Expect, **more: object) -> Line:
    """Return a copy of a line with the same envelope, published a little later without changing the event's time."""
    row = {key: value for key, value in line.row.items() if key != "__expect"}
    row |= more | {"__expect": expect.as_json()}
    if later_ms:
        row["__timestamp"] = line.order_ms + later_ms
    return Line(line.order_ms + later_ms, line.family, line.event_id, row, expect)


def ignored_traffic(builder: SessionBuilder) -> None:
    """Add traffic that belongs to no session. It is counted by ignore family and is neither data nor a fault."""
    at = builder.start_ms + 2 * SECOND
    for family in ("create_signed_ticket", "job_gateway", "worker_lifecycle", "ai_llm_request"):
        builder.add(family, at, {"note": "a family of another product"}, expect=ignored("unsupported_event_type"))
    app = {"sender": {"type": "app", "id": "daydream"}}
    nobody = {"sender": {"type": "", "id": ""}}
    no_session: tuple[tuple[dict[str, str], dict[str, Any], str], ...] = (
        ({"type": "app_send_stream_request", **builder.ids()}, app, "app_send_stream_request"),
        ({"type": "app_send_stream_request", "stream_id": ""}, {}, "app_send_stream_request"),
        ({"type": "app_start_broadcast", "stream_id": builder.stream_id}, app, "app_trace_without_session"),
        ({"type": "app_param_update", "request_id": builder.request_id}, app, "app_trace_without_session"),
    )
    for data, more, reason in no_session:
        builder.add("stream_trace", at, {**data, "timestamp": at}, more=more, expect=ignored(reason))
    for subtype in ("stream_heartbeat", "pipeline_loaded", "session_created", "playback_ready", "error"):
        trace = {"type": subtype, "client_source": "scope", "request_id": "", "timestamp": at}
        more = nobody if subtype != "error" else {}
        builder.add("stream_trace", at, trace, more=more, expect=ignored("client_trace_without_session"))
    # Similar to ignored traffic, but not ignored: an app trace of another sender, a client trace of another source.
    missing = malformed("missing_field")
    other = {"sender": {"type": "app", "id": "another"}}
    builder.add("stream_trace", at, {"type": "app_start_broadcast", "stream_id": "s"}, more=other, expect=missing)
    builder.add("stream_trace", at, {"type": "stream_heartbeat", "client_source": "other"}, expect=missing)


def unparseable(builder: SessionBuilder, network: Network) -> None:
    """Add values that no column can hold, and a row that is too long."""
    at = builder.start_ms + 6 * SECOND
    whole = payloads(builder, network)["ai_stream_status"]
    for path, value in (
        (("inference_status", "restart_count"), -1),
        (("inference_status", "restart_count"), 2**32),
        (("inference_status", "last_params", "width"), 70_000),
        (("inference_status", "last_params", "height"), 0.5),
        (("inference_status", "fps"), 1e39),
        (("inference_status", "fps"), "fast"),
        (("inference_status",), "none"),
        (("orchestrator_info",), ["0x1"]),
    ):
        broken = deepcopy(whole)
        holder = broken
        for key in path[:-1]:
            holder = holder[key]
        holder[path[-1]] = value
        builder.add("ai_stream_status", at, broken, expect=UNPARSEABLE)
    # A time that is a valid number but far beyond the dates of the warehouse.
    late = envelope_text(builder.rng.uuid(), "ai_stream_status", "9000000000000000", builder.gateway, whole)
    builder.raw(at, late, UNPARSEABLE, family="ai_stream_status", publish_ms=at)
    # One of the four parsers of a capability event fails, the other three succeed.
    advertised = network.other.advertised()
    advertised["hardware"][0]["gpu_info"]["0"]["memory_total"] = -1
    builder.add(FIRST_FAMILY, at, [advertised], gateway="", expect=UNPARSEABLE)
    params = {"width": 512, "height": 512, "prompt": OVERSIZE_PROMPT}
    large = {**whole, "inference_status": {**whole["inference_status"], "last_params": params}}
    builder.add("ai_stream_status", at, large, expect=OVERSIZE)
    marks = {"__replay": True, "__replay_ts": at, "__replay_source": "dlq", "__replay_failure_class": "PARSING_FAILED"}
    broken = {**whole, "inference_status": {**whole["inference_status"], "restart_count": -7}}
    builder.add("ai_stream_status", at, broken, more=marks, expect=UNPARSEABLE)


def unusual_values(builder: SessionBuilder, network: Network) -> None:
    """Add a very long session of unusual but valid events: late, out of order, numeric times, replayed, versioned."""
    at, two = builder.start_ms, (network.same_wallet_a, network.same_wallet_b)
    # The first sample precedes the first milestone; samples are sparse and last for hours.
    builder.status(at - 3 * SECOND, two[0], 14.5, expect=ACCEPTED)
    builder.startup(two[0])
    for number in range(1, 9):
        builder.status(at + number * 30 * MINUTE, two[number % 2], 15.0 + number / 4)
    builder.close(at + 4 * HOUR + MINUTE)

    def raw_status(moment: int, timestamp: object, *, publish_ms: int | None = None, **more: Any) -> None:
        data = builder.status_data(moment, two[0], 16.0)
        text = envelope_text(builder.rng.uuid(), "ai_stream_status", timestamp, builder.gateway, data, **more)
        signals = (moment, data["start_time"])
        builder.raw(moment, text, ACCEPTED, family="ai_stream_status", publish_ms=publish_ms, signal_ms=signals)

    moment = at + 40 * SECOND
    raw_status(moment, moment)  # the time as a number
    raw_status(moment + 1, moment + 1.75)  # a fraction is cut off
    raw_status(moment + 2, f" {moment + 2} ")
    raw_status(moment + 3, str(moment + 3), version=1)
    raw_status(moment + 4, str(moment + 4), version="v1")
    raw_status(moment + 5, str(moment + 5), publish_ms=moment + 20 * MINUTE)  # late, hence out of order
    marks: dict[str, Any] = {"__replay": True, "__replay_ts": moment, "__replay_source": "dlq"}
    raw_status(moment + 6, str(moment + 6), **marks, __replay_failure_class="SCHEMA_INVALID")
    builder.add(FIRST_FAMILY, moment, [], as_object=True, gateway="", expect=ACCEPTED)
    builder.add(FIRST_FAMILY, moment, {}, as_object=True, gateway="", expect=ACCEPTED)
    builder.add(FIRST_FAMILY, moment, [None, 5, {}, network.without_gpu.advertised()], gateway="", expect=ACCEPTED)
    builder.trace("runner_custom_milestone", moment, two[0], skew_ms=-40 * SECOND, expect=ACCEPTED)
    builder.notice("Passthrough", moment + 7, "odd | \\u00e9 \u2028 text", expect=ACCEPTED)
    builder.discovery(BASE_MS + 50 * MINUTE, two, expect=ACCEPTED)
