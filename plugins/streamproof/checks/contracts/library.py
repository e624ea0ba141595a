"""Great Expectations: imported late, because that takes seconds, and set up so that it leaves nothing behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from great_expectations.data_context import EphemeralDataContext


def prefetch() -> None:
    """Import Great Expectations ahead of its use: 4-7 s that can pass while a stack starts."""
    import great_expectations  # noqa: F401


def ephemeral_context() -> EphemeralDataContext:
    """Return a context that writes nothing to disk, sends no telemetry and shows no progress bars.

    It does not fingerprint frames either. The library hashes every frame of less than `HASH_THRESHOLD` bytes twice for
    each validation. Nothing reads these hashes, and they take four fifths of the CPU time on a frame of 100,000 rows.
    """
    import great_expectations as gx
    from great_expectations.execution_engine import pandas_execution_engine

    pandas_execution_engine.HASH_THRESHOLD = 0
    context = gx.get_context(mode="ephemeral")
    context.enable_analytics(enable=False)
    context.variables.progress_bars = {"globally": False}
    return context
