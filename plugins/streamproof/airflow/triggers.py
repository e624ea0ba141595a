"""The trigger that waits for a stage's condition inside the triggerer, without holding a worker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from streamproof.model.errors import StreamproofError


class StageTrigger(BaseTrigger):
    """Poll a stage's condition until it holds or the time-out; fires exactly one event.

    `folder` is the run's folder, and `started_at` the start of the wait (ISO-8601 UTC). The event contains both, and
    the outcome: `done`, or `failed` with the error's message and hint.
    """

    def __init__(self, *, folder: str, stage: str, started_at: str) -> None:
        super().__init__()
        self.folder = folder
        self.stage = stage
        self.started_at = started_at

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class path and the arguments with which the triggerer creates this trigger again."""
        arguments = {"folder": self.folder, "stage": self.stage, "started_at": self.started_at}
        return f"{type(self).__module__}.{type(self).__qualname__}", arguments

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait, then yield the outcome. Probes block, so they run in threads."""
        try:
            await self._wait()
        except StreamproofError as error:
            yield self._event(outcome="failed", message=error.message, hint=error.hint)
        else:
            yield self._event(outcome="done")

    def _event(self, **outcome: str) -> TriggerEvent:
        return TriggerEvent({"stage": self.stage, "folder": self.folder, "started_at": self.started_at, **outcome})

    async def _wait(self) -> None:
        from streamproof.model.waiting import wait_until_async

        wait = await asyncio.to_thread(self._awaited)
        opened = wait.opened()
        look = await asyncio.to_thread(opened.__enter__)
        try:
            await wait_until_async(look, timeout=wait.timeout_sec, message=wait.message, hint=wait.hint)
        finally:
            await asyncio.to_thread(opened.__exit__, None, None, None)

    def _awaited(self) -> Any:
        from streamproof.airflow.connections import with_connections
        from streamproof.airflow.waits import wait_of
        from streamproof.runs.context import RunContext

        return wait_of(with_connections(RunContext.open(Path(self.folder))), self.stage)
