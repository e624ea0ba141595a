"""The one way to wait: poll a probe until it holds, or say what was still missing when time ran out."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import cast

from streamproof.model.errors import WaitTimeoutError

FIRST_PAUSE_SEC = 0.05
GROWTH = 1.5
LONGEST_PAUSE_SEC = 2.0


@dataclass(frozen=True, slots=True)
class Probe:
    """One look at a condition: whether it holds, and what is still missing when it does not."""

    done: bool
    missing: str = ""


Look = Callable[[], Probe] | Callable[[], Awaitable[Probe]]


async def _once(look: Look) -> Probe:
    answer = look() if asyncio.iscoroutinefunction(look) else asyncio.to_thread(look)
    return cast(Probe, await answer)


async def wait_until_async(look: Look, *, timeout: float, message: str, hint: str) -> float:
    """Poll `look` from 50 ms, times 1.5, capped at 2 s, until it holds; return the seconds waited.

    A blocking `look` runs in a thread. `message` names what is awaited. An error raised by `look` ends the wait.
    Raises WaitTimeoutError after `timeout` seconds, saying what was still missing.
    """
    started = time.monotonic()
    pause = FIRST_PAUSE_SEC
    while True:
        probe = await _once(look)
        waited = time.monotonic() - started
        if probe.done:
            return waited
        if waited >= timeout:
            raise WaitTimeoutError(
                f"Waited {waited:.1f} s for {message}; still missing: {probe.missing or 'no answer'}.", hint=hint
            )
        await asyncio.sleep(min(pause, max(timeout - waited, FIRST_PAUSE_SEC)))
        pause = min(pause * GROWTH, LONGEST_PAUSE_SEC)


def wait_until(look: Callable[[], Probe], *, timeout: float, message: str, hint: str) -> float:
    """Do the same as `wait_until_async` for code without an event loop."""
    return asyncio.run(wait_until_async(look, timeout=timeout, message=message, hint=hint))
