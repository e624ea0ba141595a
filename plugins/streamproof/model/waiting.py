"""Wait for a condition by polling. A time-out raises an error that says what was still missing.

Code that waits or works for long says what it is at, with `now_at`. Who called it may show that, with `shown_by`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import cast

from streamproof.model.errors import WaitTimeoutError

FIRST_PAUSE_SEC = 0.05
GROWTH = 1.5
LONGEST_PAUSE_SEC = 2.0


@dataclass(frozen=True, slots=True)
class Probe:
    """The result of checking a condition once: whether it holds, and what is still missing if not."""

    done: bool
    missing: str = ""


def _shown_to_nobody(_text: str) -> None:
    """Show nothing. This is the default."""


# A context variable, so that stages that run side by side in threads are shown apart.
_show: ContextVar[Callable[[str], None]] = ContextVar("show", default=_shown_to_nobody)


@contextmanager
def shown_by(show: Callable[[str], None]) -> Iterator[None]:
    """Call `show` with what the code in this block, on this thread, says that it is at. It may be called often."""
    token = _show.set(show)
    try:
        yield
    finally:
        _show.reset(token)


def now_at(text: str) -> None:
    """Say what is being waited for or done, for people who watch; '' for nothing in particular."""
    _show.get()(text)


Look = Callable[[], Probe] | Callable[[], Awaitable[Probe]]


async def _once(look: Look) -> Probe:
    answer = look() if asyncio.iscoroutinefunction(look) else asyncio.to_thread(look)
    return cast(Probe, await answer)


async def wait_until_async(look: Look, *, timeout: float, message: str, hint: str | Callable[[], str]) -> float:
    """Call `look` until its probe is done, and return the seconds waited.

    The pause between calls starts at 50 ms, grows by 1.5 and is at most 2 s. A `look` that is not a coroutine function
    runs in a thread. `message` says what is awaited. `hint` may be a function that is called on time-out. An error
    raised by `look` ends the wait.
    Raises WaitTimeoutError after `timeout` seconds; it says what was still missing.
    """
    started = time.monotonic()
    pause = FIRST_PAUSE_SEC
    while True:
        probe = await _once(look)
        waited = time.monotonic() - started
        if probe.done:
            now_at("")
            return waited
        now_at(probe.missing or message)
        if waited >= timeout:
            raise WaitTimeoutError(
                f"Waited {waited:.1f} s for {message}; still missing: {probe.missing or 'no answer'}.",
                hint=hint if isinstance(hint, str) else hint(),
            )
        await asyncio.sleep(min(pause, max(timeout - waited, FIRST_PAUSE_SEC)))
        pause = min(pause * GROWTH, LONGEST_PAUSE_SEC)


def wait_until(look: Callable[[], Probe], *, timeout: float, message: str, hint: str | Callable[[], str]) -> float:
    """Do the same as `wait_until_async` for code without an event loop."""
    return asyncio.run(wait_until_async(look, timeout=timeout, message=message, hint=hint))
