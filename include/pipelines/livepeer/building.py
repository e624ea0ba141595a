"""Builds the pure core from the settings, in the same way for every runner."""

from __future__ import annotations

from pipelines.livepeer.config import Settings
from pipelines.livepeer.core import Processor
from pipelines.livepeer.dedup import DedupState
from pipelines.livepeer.gate import QualityGate


def build_gate(settings: Settings) -> QualityGate:
    """Return the quality gate for these settings."""
    return QualityGate(
        settings.versions, ignore_unsupported=settings.ignore_unsupported, ignore_traces=settings.ignore_traces
    )


def build_processor(settings: Settings) -> Processor:
    """Return the core for these settings, with no dedup keys and no sessions yet."""
    return Processor(build_gate(settings), DedupState(settings.dedup_ttl_ms), settings.max_row_bytes)
