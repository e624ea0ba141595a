"""Convert results of Great Expectations to JSON data, for every type of a ClickHouse column."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from streamproof.checks.assertions import plain

# The JSON writer of the artifacts supports signed and unsigned integers of 64 bits, as most JSON readers do.
_INTEGERS = range(-(1 << 63), 1 << 64)


def plain_outcome(outcome: Any, *, nan: str | None = None) -> dict[str, Any]:
    """Return one of the library's results (ExpectationValidationResult) as JSON data.

    The library's own conversion fails on some types. `nan` replaces NaN, which a DataFrame also uses for NULL.
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
    """Return a value of a DataFrame as JSON data, like `plain`, with None for a missing value and `nan` for NaN."""
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
    """Convert a scalar, array or column of numpy or pandas to Python types, with None for a missing value."""
    import pandas as pd

    if value is pd.NA or value is pd.NaT:
        return None
    if type(value).__name__ == "datetime64":
        return _as_python(pd.Timestamp(value))
    if type(value).__name__ == "timedelta64" or isinstance(value, timedelta):
        return str(pd.Timedelta(value))
    return value.tolist() if hasattr(value, "tolist") else value
