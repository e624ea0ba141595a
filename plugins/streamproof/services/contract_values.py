"""What Great Expectations returns, as JSON data: every type that a ClickHouse column can have."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from streamproof.services.checks import plain

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
    import numpy as np
    import pandas as pd

    if isinstance(value, Mapping):
        return {str(plain_value(key)): plain_value(entry, nan=nan) for key, entry in value.items()}
    if isinstance(value, list | tuple | set | frozenset | np.ndarray | pd.Series | pd.Index):
        return [plain_value(entry, nan=nan) for entry in value]
    if value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, np.datetime64):
        return plain_value(pd.Timestamp(value))
    if isinstance(value, np.timedelta64 | timedelta):
        return str(pd.Timedelta(value))
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and math.isnan(value):
        return nan
    if isinstance(value, int) and value not in _INTEGERS:
        return str(value)
    return plain(value)
