"""Calls of the Kafka client that Ctrl-C does not cut short."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

# Those that end a run with its teardown, see `cli.commands.run`.
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def deferred_interrupts() -> Iterator[None]:
    """Deliver SIGINT and SIGTERM after the block, not within it.

    The client calls Python callbacks from C. When a signal handler raises within such a callback, the client sometimes
    loses the exception: it returns an error without one, and Python raises SystemError instead of KeyboardInterrupt.
    Keep the block short: the signal waits for its end. Only the main thread handles signals, so elsewhere this does
    nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    received: list[int] = []

    def remember(number: int, _frame: FrameType | None) -> None:
        received.append(number)

    # A handler that was not set from Python (None) could not be restored, so it is left alone.
    before = {number: handler for number in _SIGNALS if (handler := signal.getsignal(number)) is not None}
    try:
        for number in before:
            signal.signal(number, remember)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for late in received:
            signal.raise_signal(late)
