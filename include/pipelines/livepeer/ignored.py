"""Traffic that is neither data nor a fault. It is counted by family and written to no other table."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from typing import Any

import orjson

from pipelines.livepeer.fields import is_blank, loose_text

UNSUPPORTED_TYPE = "unsupported_event_type"
APP_SEND_REQUEST = "app_send_stream_request"
APP_WITHOUT_SESSION = "app_trace_without_session"
CLIENT_TRACE = "client_trace_without_session"

_CLIENT_TRACES = frozenset(
    orjson.loads(resources.files("pipelines.livepeer").joinpath("families.json").read_bytes())["ignored_client_traces"]
)


def ignored_trace(root: Mapping[str, Any], data: Mapping[str, Any]) -> str | None:
    """Return the ignore family of a `stream_trace`, None for one that is judged like any other event.

    Applications and browser clients publish traces, too, and not only gateways. Most of these name no session.
    """
    subtype = data.get("type")
    if type(subtype) is not str or subtype.startswith(("gateway_", "runner_", "orchestrator_")):
        return None
    if subtype == APP_SEND_REQUEST:
        return APP_SEND_REQUEST
    sender_type, sender_id = _sender(root)
    without_stream = is_blank(data.get("stream_id"))
    if subtype.startswith("app_"):
        from_app = sender_type == "app" and sender_id == "daydream"
        return APP_WITHOUT_SESSION if from_app and (without_stream or is_blank(data.get("request_id"))) else None
    from_client = not sender_type and not sender_id and loose_text(data.get("client_source")).strip() == "scope"
    return CLIENT_TRACE if from_client and without_stream and subtype in _CLIENT_TRACES else None


def _sender(root: Mapping[str, Any]) -> tuple[str, str]:
    """Return (type, id) of the envelope's sender, blank when it has none."""
    sender = root.get("sender")
    if not isinstance(sender, dict):
        return "", ""
    return loose_text(sender.get("type")).strip(), loose_text(sender.get("id")).strip()
