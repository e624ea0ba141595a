"""Wait for the first service that ends by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from streamproof.model.errors import StackError
from streamproof.model.stack import ServiceState
from streamproof.runtime.process import Child
from streamproof.runtime.stack_spec import PROCESSOR
from streamproof.runtime.state_file import StateFile, say

Restart = Callable[[Child], Awaitable[tuple[Child, ServiceState] | None]]
"""A function that starts a process again that has ended. It returns None for one that must not end."""


async def _never(_ended: Child) -> None:
    return None


async def first_exit(children: Iterable[Child], state_file: StateFile, restart: Restart = _never) -> StackError:
    """Wait until a service ends that must not end, and return the error for it.

    A processor that may end and has done so with code 0 is noted in the state file, and so is a process that `restart`
    has started again. The wait then goes on.
    """
    watched = {asyncio.create_task(child.process.wait()): child for child in children}
    try:
        while watched:
            done, _ = await asyncio.wait(watched, return_when=asyncio.FIRST_COMPLETED)
            for child in [watched.pop(task) for task in done]:
                if _has_finished(child, state_file):
                    state_file.finish(child.name)
                elif again := await _again(child, restart):
                    watched[asyncio.create_task(again[0].process.wait())] = again[0]
                    state_file.replace(again[1])
                else:
                    return child.exit_error("during the run")
    finally:
        for task in watched:
            task.cancel()
    # No other process can end, so this waits until the supervisor cancels it.
    never: asyncio.Future[StackError] = asyncio.get_running_loop().create_future()
    return await never


async def _again(ended: Child, restart: Restart) -> tuple[Child, ServiceState] | None:
    """Start a process again. One that then ends at once has not been started."""
    try:
        return await restart(ended)
    except StackError as error:
        say(f"{ended.name} was not started again: {error.message}")
        return None


def _has_finished(child: Child, state_file: StateFile) -> bool:
    """Return whether it is a processor that ends by itself, and it ended with code 0."""
    processor = state_file.spec.processor
    return child.name == PROCESSOR and processor is not None and processor.ends and child.process.returncode == 0
