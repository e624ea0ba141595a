"""Builds one session: events of all seven families, in the shapes of real traffic."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from packs.livepeer.generator.lines import Expect, Line, Shape, compact, event_line, raw_line
from packs.livepeer.generator.network import NO_ORCHESTRATOR, Orchestrator
from packs.livepeer.generator.seeded_random import SECOND, SeededRandom

PROMPTS = ("a lighthouse at dusk", "ein Fluß im Nebel ≈ 4 °C", "neon city, rain", 'a sign that says "open"')


@dataclass(slots=True)
class SessionBuilder:
    """A session under construction: its identity, and its lines in the order of addition.

    Times are Unix milliseconds. Lines may be added in any order; they are sorted by time when they are written.
    """

    rng: SeededRandom
    scenario: str
    start_ms: int
    gateway: str
    model: str
    lines: list[Line] = field(default_factory=list)
    stream_id: str = ""
    request_id: str = ""

    def __post_init__(self) -> None:
        self.stream_id = f"strm-{self.rng.hex(8)}"
        self.request_id = self.rng.hex(8)

    @property
    def session_id(self) -> str:
        """Return the workflow session id."""
        return f"{self.stream_id}|{self.request_id}"

    def add(
        self,
        family: str,
        at_ms: int,
        data: Any,
        *,
        signal_ms: Iterable[int] = (),
        event_id: str | None = None,
        gateway: str | None = None,
        expect: Expect | None = None,
        **shape: Any,
    ) -> Line:
        """Add an event. `signal_ms` are its times that count for the session's start and end (none if rejected)."""
        moves = not (expect and expect.disposition != "accepted")
        line = replace(
            event_line(
                self,
                self.rng.uuid() if event_id is None else event_id,
                family,
                at_ms,
                data,
                gateway=self.gateway if gateway is None else gateway,
                shape=Shape(expect=expect, **shape),
            ),
            signal_ms=tuple(signal_ms) if moves else (),
        )
        self.lines.append(line)
        return line

    def raw(self, at_ms: int, value: str | bytes | None, expect: Expect, **shape: Any) -> Line:
        """Add a record by its exact Kafka value."""
        line = raw_line(self, at_ms, value, expect, **shape)
        self.lines.append(line)
        return line

    def ids(self) -> dict[str, str]:
        """Return the session's identity in the form of payloads."""
        return {"stream_id": self.stream_id, "request_id": self.request_id}

    def trace(
        self,
        subtype: str,
        at_ms: int,
        orchestrator: Orchestrator | None = None,
        *,
        skew_ms: int | None = 0,
        spelling: str = "as_is",
        extra: Mapping[str, Any] | None = None,
        **shape: Any,
    ) -> Line:
        """Add a milestone. `skew_ms` is the payload's time minus the envelope's; None: the payload has no time."""
        info = orchestrator.info(spelling=spelling) if orchestrator else NO_ORCHESTRATOR
        data: dict[str, Any] = {"type": subtype, **self.ids(), "pipeline_id": ""}
        if skew_ms is not None:
            data["timestamp"] = at_ms + skew_ms
        data |= {"orchestrator_info": info, **(extra or {})}
        return self.add("stream_trace", at_ms, data, signal_ms=(at_ms + (skew_ms or 0),), **shape)

    def status_data(
        self, at_ms: int, orchestrator: Orchestrator, fps: float, *, state: str = "ONLINE", spelling: str = "as_is"
    ) -> dict[str, Any]:
        """Return the payload of a health sample."""
        return {
            "type": "status",
            **self.ids(),
            "pipeline": self.model,
            "pipeline_id": "",
            "state": state,
            "start_time": self.start_ms + 140,
            "timestamp": at_ms + 4,
            "last_state_update_time": at_ms - 9 * SECOND,
            "orchestrator_info": orchestrator.info(spelling=spelling),
            "inference_status": {
                "fps": fps,
                "restart_count": 0,
                "last_error": None,
                "last_error_time": None,
                "last_output_time": at_ms - 30,
                "last_params_hash": self.rng.hex(16),
                "last_params": {"width": 512, "height": 512, "prompt": self.rng.pick(PROMPTS)},
                "last_restart_time": None,
                "last_restart_logs": None,
            },
            "input_status": {"fps": self.rng.around(24.0, 1.5), "last_input_time": at_ms - 12},
        }

    def status(self, at_ms: int, orchestrator: Orchestrator, fps: float, **options: Any) -> Line:
        """Add a health sample. `change` replaces payload fields; other options go to `status_data` or `add`."""
        shown = {name: options.pop(name) for name in ("state", "spelling") if name in options}
        change = options.pop("change", None) or {}
        data = {**self.status_data(at_ms, orchestrator, fps, **shown), **change}
        starts = (data["start_time"],) if isinstance(data.get("start_time"), int) else ()
        return self.add("ai_stream_status", at_ms, data, signal_ms=(at_ms, *starts), **options)

    def notice(self, kind: str, at_ms: int, message: str | None = None, **shape: Any) -> Line:
        """Add an error, a parameter update or a passthrough notice; a parameter update has no message."""
        data: dict[str, Any] = {"type": kind, **self.ids(), "pipeline": self.model, "pipeline_id": "", "capability": ""}
        if message is not None:
            data["message"] = message
        if kind == "params_update":
            data["params"] = {"prompt": self.rng.pick(PROMPTS), "width": 512, "height": 512}
        return self.add("ai_stream_events", at_ms, data, signal_ms=(at_ms,), **shape)

    def ingest(self, at_ms: int, *, audio: bool = True, **shape: Any) -> Line:
        """Add a sample of the WebRTC transport; without audio its track is missing."""
        tracks = [self._track("video")] + ([self._track("audio")] if audio else [])
        stats = {
            "conn_quality": self.rng.pick(("good", "bad")),
            "peer_conn_stats": {
                "ID": f"pc-{self.rng.hex(6)}",
                "BytesReceived": self.rng.between(10**5, 10**7),
                "BytesSent": 4_210,
            },
            "track_stats": tracks,
        }
        return self.add("stream_ingest_metrics", at_ms, {**self.ids(), "stats": stats}, **shape)

    def _track(self, kind: str) -> dict[str, Any]:
        return {
            "type": kind,
            "jitter": self.rng.around(12.0, 6.0, 3),
            "packets_lost": self.rng.between(0, 4),
            "packets_received": self.rng.between(800, 9_000),
            "packet_loss_pct": self.rng.around(0.05, 0.05, 4),
            "rtt": self.rng.around(40.0, 15.0, 3),
            "last_input_ts": self.rng.around(30.0, 5.0, 3),
            "last_output_ts": self.rng.around(29.0, 5.0, 3),
            "latency": self.rng.around(0.9, 0.2, 4),
            "warnings": ["jitter above threshold"] if self.rng.between(0, 3) == 0 else [],
        }

    def payment(self, at_ms: int, orchestrator: Orchestrator, *, linked: bool = True, **shape: Any) -> Line:
        """Add a payment. An unlinked payment names no request."""
        data = self.payment_data(orchestrator, linked=linked)
        return self.add("create_new_payment", at_ms, data, gateway="", **shape)

    def payment_data(self, orchestrator: Orchestrator, *, linked: bool = True) -> dict[str, Any]:
        """Return the payload of a payment; amounts are texts with their units."""
        return {
            "clientIP": "",
            "requestID": self.request_id if linked else "",
            "capability": "",
            "manifestID": f"35_{self.model}",
            "sessionID": self.rng.hex(8),
            "sender": self.rng.wallet(),
            "recipient": orchestrator.wallet,
            "orchestrator": orchestrator.url,
            "faceValue": f"{self.rng.between(10**14, 10**16)} WEI",
            "numTickets": str(self.rng.between(1, 9)),
            "price": f"{self.rng.around(1600.0, 90.0, 1)} wei/pixel",
            "winProb": "0.0010000000",
        }

    def discovery(self, at_ms: int, orchestrators: Iterable[Orchestrator], **shape: Any) -> Line:
        """Add the result of a discovery cycle. The latency of the last orchestrator is unreadable."""
        found = [
            {"address": one.proxy, "url": one.url, "latency_ms": str(self.rng.between(8, 220))} for one in orchestrators
        ]
        found[-1]["latency_ms"] = "n/a"
        return self.add("discovery_results", at_ms, found, **shape)

    def capabilities(self, at_ms: int, orchestrators: Iterable[Orchestrator], **shape: Any) -> Line:
        """Add a capability event of these orchestrators, as an array."""
        return self.add("network_capabilities", at_ms, [one.advertised() for one in orchestrators], gateway="", **shape)

    def repeat(self, line: Line) -> None:
        """Add an event that another session's file already contains, as exporters do with capability events."""
        self.lines.append(line.of(self.scenario, self.session_id))

    def startup(self, orchestrator: Orchestrator, *, spelling: str = "as_is") -> int:
        """Add the six milestones of a successful start; return the time of the last one."""
        at = self.start_ms
        self.trace("gateway_receive_stream_request", at, skew_ms=-2)
        for subtype, low, high, skew in (
            ("gateway_send_first_ingest_segment", 600, 900, 0),
            ("runner_receive_first_ingest_segment", 200, 400, 3),
            ("runner_send_first_processed_segment", 1_500, 2_500, -4),
            ("gateway_receive_first_processed_segment", 150, 400, -1),
            ("gateway_receive_few_processed_segments", 900, 1_900, 1),
        ):
            at += self.rng.between(low, high)
            self.trace(subtype, at, orchestrator, skew_ms=skew, spelling=spelling)
        return at

    def close(self, at_ms: int) -> int:
        """Add the milestone of the end of the ingest side."""
        self.trace("gateway_ingest_stream_closed", at_ms, skew_ms=-1)
        return at_ms


def envelope_text(event_id: str, family: str, timestamp: object, gateway: str, data: object, **more: object) -> str:
    """Return an envelope as a producer writes it, for use with `SessionBuilder.raw`."""
    return compact({"id": event_id, "type": family, "timestamp": timestamp, "gateway": gateway, "data": data, **more})
