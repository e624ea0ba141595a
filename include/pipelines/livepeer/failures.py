"""The reasons for which a record is rejected: closed lists of classes, stages and reasons."""

from __future__ import annotations

from typing import NamedTuple

from pipelines.livepeer.errors import FieldError

ACCEPTED = "accepted"
IGNORED = "ignored"
DLQ = "dlq"
QUARANTINE = "quarantine"

DESERIALIZATION = "DESERIALIZATION"
SCHEMA_VALIDATION = "SCHEMA_VALIDATION"

NULL_PAYLOAD = "null_payload"
JSON_PARSE_ERROR = "json_parse_error"

# An error may quote a payload of any size, so the details are cut to this many characters.
LONGEST_DETAILS = 500


class Failure(NamedTuple):
    """Why a record is rejected. `details` is free text for people; the values of the other fields are closed lists.

    `disposition` is `dlq`, `quarantine`, or `ignored`. For `ignored` only the reason is set.
    """

    disposition: str
    failure_class: str
    stage: str
    reason: str
    details: str = ""


def unreadable(reason: str, details: str = "") -> Failure:
    """Return the failure of a value that is null or not JSON."""
    return Failure(DLQ, "DESERIALIZATION_FAILED", DESERIALIZATION, reason, details)


def malformed(reason: str, details: str = "") -> Failure:
    """Return the failure of an envelope or payload of the wrong shape."""
    return Failure(DLQ, "SCHEMA_INVALID", SCHEMA_VALIDATION, reason, details)


def unsupported_version(version: str) -> Failure:
    """Return the failure of an envelope whose schema version the processor does not know."""
    return Failure(DLQ, "UNSUPPORTED_VERSION", SCHEMA_VALIDATION, "unsupported_version", f"version {version[:80]!r}")


def unparseable(table: str, error: FieldError) -> Failure:
    """Return the failure of a parser."""
    details = f"{type(error).__name__}: {str(error)[:LONGEST_DETAILS]} ({table})"
    return Failure(DLQ, "PARSING_FAILED", "PARSE", "parse_exception", details)


def too_large(table: str, rows: int, largest: int, limit: int) -> Failure:
    """Return the failure of rows that exceed the size limit. Sizes are in bytes."""
    details = f"row of {largest} bytes exceeds the limit of {limit} bytes ({table}, {rows} rows held back)"
    return Failure(DLQ, "RECORD_TOO_LARGE", "SINK_GUARD", "record_too_large", details)


def ignored(family: str) -> Failure:
    """Return the result for a record that is counted by family but written to no typed or reject table."""
    return Failure(IGNORED, "", "", family)


DUPLICATE = Failure(QUARANTINE, "DUPLICATE", "DEDUP", "duplicate_event")
