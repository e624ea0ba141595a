"""What Great Expectations returns, as JSON data: every type that a ClickHouse column can have."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from streamproof.checks.assertions import plain

# JSON readers, and the writer of the artifacts, hold no more than a signed and an unsigned integer of 64 bits.
_INTEGERS = range(-(1 << 63), 1 << 64)


def plain_outcome(outcome: Any, *, nan: str | None = None) -> dict[str, Any]:
    """Return one of the library's results (ExpectationValidationResult): its own form fails on some types.

    `nan` is shown for NaN: a DataFrame has it in place of NULL, too.
    """
    config = outcome.expectation_config
    return {
        "success": bool(outcome.success),
        "expectation_config": {
            "type": config.type,
            "kwargs": {name: plain_value(value) for name, value in config.kwargs.items() if name != "batch_id"},
            "meta": {"check": config.meta["check"]},
        },
        "result": plain_value(outcome.result, nan=nan),
        "exception_info": plain_value(outcome.exception_info),
    }


def plain_value(value: Any, *, nan: str | None = None) -> Any:
    """Return a value of a DataFrame as JSON data: as `plain`, with None for what is missing and `nan` for NaN."""
    if isinstance(value, Mapping):
        return {str(plain_value(key)): plain_value(entry, nan=nan) for key, entry in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain_value(entry, nan=nan) for entry in value]
    python = _as_python(value)
    if isinstance(python, list):
        return plain_value(python, nan=nan)
    if isinstance(python, float) and math.isnan(python):
        return nan
    return str(python) if isinstance(python, int) and python not in _INTEGERS else plain(python)


def _as_python(value: Any) -> Any:
    """Return what a scalar, an array or a column of numpy or pandas holds as Python's own, None for what is missing."""
    import pandas as pd

    if value is pd.NA or value is pd.NaT:
        return None
    if type(value).__name__ == "datetime64":
        return _as_python(pd.Timestamp(value))
    if type(value).__name__ == "timedelta64" or isinstance(value, timedelta):
        return str(pd.Timedelta(value))
    return value.tolist() if hasattr(value, "tolist") else value
