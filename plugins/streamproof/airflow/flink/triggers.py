"""The trigger that waits for a step of a deployment inside the triggerer, without holding a worker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from streamproof.model.errors import StreamproofError


class DeploymentTrigger(BaseTrigger):
    """Poll what a deployment waits for, until it holds or can no longer hold; fires exactly one event.

    It changes nothing. The event has the outcome: `done`, or `failed` with the error's kind, message and hint.
    """

    def __init__(self, *, conn_id: str, deployment: str, limits: dict[str, float]) -> None:
        super().__init__()
        self.conn_id = conn_id
        self.deployment = deployment
        self.limits = limits

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class path and the arguments with which the triggerer creates this trigger again."""
        arguments = {"conn_id": self.conn_id, "deployment": self.deployment, "limits": self.limits}
        return f"{type(self).__module__}.{type(self).__qualname__}", arguments

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait, then yield the outcome. Requests block, so they run in threads."""
        try:
            await self._wait()
        except StreamproofError as error:
            kind = type(error).__name__
            yield TriggerEvent({"outcome": "failed", "kind": kind, "message": error.message, "hint": error.hint})
        else:
            yield TriggerEvent({"outcome": "done"})

    async def _wait(self) -> None:
        from streamproof.airflow.flink.opening import awaited_here
        from streamproof.model.waiting import wait_until_async

        opened = awaited_here(self.conn_id, self.deployment, self.limits)
        wait = await asyncio.to_thread(opened.__enter__)
        try:
            if wait is not None:
                await wait_until_async(wait.look, timeout=wait.timeout, message=wait.message, hint=wait.hint)
        finally:
            await asyncio.to_thread(opened.__exit__, None, None, None)
