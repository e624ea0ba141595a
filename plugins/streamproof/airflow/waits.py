"""What the two waiting stages wait for, as the sensors and their trigger see it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from streamproof.model.waiting import Probe
    from streamproof.runs.context import RunContext


@dataclass(frozen=True, slots=True)
class Wait:
    """A stage's wait: `opened` gives the probe (a blocking look), `timeout_sec` is from the first look on."""

    opened: Callable[[], AbstractContextManager[Callable[[], Probe]]]
    timeout_sec: float
    message: str
    hint: str


def wait_of(ctx: RunContext, stage: str) -> Wait:
    """Return what `stage` waits for. Raises StackError when an earlier stage is missing, KeyError for other stages."""
    return {"pipeline_ready": _ready, "pipeline_wait": _drained}[stage](ctx)


def _ready(ctx: RunContext) -> Wait:
    from streamproof.stages import pipeline_ready as stage

    return Wait(lambda: stage.ready_probe(ctx), stage.TIMEOUT_SEC, stage.MESSAGE, stage.HINT)


def _drained(ctx: RunContext) -> Wait:
    from streamproof.stages import pipeline_wait as stage

    published = int(ctx.stage_details("replay_events")["published"])
    return Wait(lambda: stage.drain_probe(ctx), stage.timeout_sec(published), stage.MESSAGE, stage.HINT)
