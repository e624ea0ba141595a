"""The states of a job on Flink."""

from __future__ import annotations

RUNNING, FINISHED, FAILED, CANCELED = "RUNNING", "FINISHED", "FAILED", "CANCELED"
# A job in one of these states never runs again. One that is SUSPENDED goes on when a job manager is its leader again.
ENDED = frozenset({FAILED, CANCELED, FINISHED})
