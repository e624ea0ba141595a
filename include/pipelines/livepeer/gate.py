"""The quality gate: eleven checks in a fixed order. The first check that fails decides.

The numbers of the checks are those of the contract (spec/pipeline.md §2).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from pipelines.livepeer import failures, ignored
from pipelines.livepeer.event import Event, event_version
from pipelines.livepeer.failures import Failure
from pipelines.livepeer.fields import is_blank, parse_millis
from pipelines.livepeer.reading import UnreadableError, identifier, read_value

REQUIRED: dict[str, tuple[str, ...]] = {
    family: tuple(keys)
    for family, keys in orjson.loads((Path(__file__).parent / "families.json").read_bytes())["required"].items()
}
# The payload of these families is an array; for capabilities also a single item. Other payloads are objects.
ARRAY_FAMILIES = frozenset({"network_capabilities", "discovery_results"})


class QualityGate:
    """Judges envelopes. `versions`: supported schema versions, empty for any.

    With `ignore_unsupported`, records of unknown types are counted as ignored; with `ignore_traces`, the traces of
    applications and browsers are. Without the option such records are judged like all others.
    """

    def __init__(
        self, versions: frozenset[str], *, ignore_unsupported: bool = True, ignore_traces: bool = True
    ) -> None:
        self._versions = versions
        self._ignore_unsupported = ignore_unsupported
        self._ignore_traces = ignore_traces

    def judge(self, event: Event) -> Failure | None:
        """Fill the event as far as its value can be read. Return the first failure, None when the event passes."""
        failure = self._read(event)
        if failure is not None:
            return failure
        root = event.root
        if not event.event_type and type(root.get("type")) is not str:
            return failures.malformed("missing_type")
        if event.timestamp_ms is None:
            return failures.malformed("missing_timestamp")
        if "data" not in root:
            return failures.malformed("missing_data")
        return self._judge_family(event)

    @staticmethod
    def _read(event: Event) -> Failure | None:
        """Make checks 1 to 3, and read the fields of the envelope that later stages and reject records need."""
        value = event.record.value
        if value is None:
            return failures.unreadable(failures.NULL_PAYLOAD)
        try:
            root = read_value(value)
        except UnreadableError as error:
            if value.isspace() or not value:
                # An empty value is rejected as `root_not_object`, not as a syntax error.
                event.text = value.decode()
                return failures.malformed("root_not_object", "empty value")
            return failures.unreadable(failures.JSON_PARSE_ERROR, str(error))
        event.text = value.decode()
        event.root = root
        if type(root) is not dict:
            return failures.malformed("root_not_object", f"the root is {type(root).__name__}")
        event.event_id = identifier(root.get("id"))
        family = root.get("type")
        event.event_type = family if type(family) is str else ""
        # A producer that does not know the time sends 0.
        event.timestamp_ms = parse_millis(root.get("timestamp")) or None
        event.data = root.get("data")
        event.replay = bool(root.get("__replay"))
        return None

    def _judge_family(self, event: Event) -> Failure | None:
        """Make checks 7 to 11. Ignored traffic is found first, because the checks would dead-letter it."""
        family, data = event.event_type, event.data
        required = REQUIRED.get(family)
        if required is None:
            if self._ignore_unsupported:
                return failures.ignored(ignored.UNSUPPORTED_TYPE)
            return failures.malformed("unsupported_event_type", f"type {family[:80]!r}")
        if family == "stream_trace" and self._ignore_traces and type(data) is dict:
            ignore_family = ignored.ignored_trace(event.root, data)
            if ignore_family is not None:
                return failures.ignored(ignore_family)
        if self._versions:
            version = event_version(event.root)
            if version not in self._versions:
                return failures.unsupported_version(version)
        if family in ARRAY_FAMILIES:
            return _judge_array_family(family, data)
        return _judge_object_family(event, required)


def _judge_object_family(event: Event, required: tuple[str, ...]) -> Failure | None:
    """Make check 9 for the families whose payload is an object."""
    if event.event_type == "stream_trace" and not event.event_id:
        return failures.malformed("missing_field", "id")
    data = event.data
    if type(data) is not dict:
        # No path can be looked up in a text or an array, so the first required field is the missing one.
        return failures.malformed("missing_field", f"data.{required[0]}")
    for key in required:
        if is_blank(data.get(key)):
            return failures.malformed("missing_field", f"data.{key}")
    return None


def _judge_array_family(family: str, data: Any) -> Failure | None:
    """Make checks 9 to 11 for the two families whose payload is an array."""
    if is_blank(data):
        return failures.malformed("missing_field", "data")
    if family == "discovery_results":
        return None if isinstance(data, list) and data else failures.malformed("empty_array")
    if not isinstance(data, list | dict):
        return failures.malformed("invalid_data_shape", f"data is {type(data).__name__}")
    return None
