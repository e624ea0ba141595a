"""Wait for the first service that ends by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from streamproof.model.errors import StackError
from streamproof.runtime.process import Child
from streamproof.runtime.stack_spec import PROCESSOR
from streamproof.runtime.state_file import StateFile


async def first_exit(children: Iterable[Child], state_file: StateFile) -> StackError:
    """Wait until a service ends that must not end, and return the error for it.

    A processor that may end and has done so with code 0 is noted in the state file, and the wait goes on.
    """
    processor = state_file.spec.processor
    watched = {asyncio.create_task(child.process.wait()): child for child in children}
    try:
        while watched:
            done, _ = await asyncio.wait(watched, return_when=asyncio.FIRST_COMPLETED)
            for child in [watched.pop(task) for task in done]:
                may_end = child.name == PROCESSOR and processor is not None and processor.ends
                if not may_end or child.process.returncode != 0:
                    return child.exit_error("during the run")
                state_file.finish(child.name)
    finally:
        for task in watched:
            task.cancel()
    # No other process can end, so this waits until the supervisor cancels it.
    never: asyncio.Future[StackError] = asyncio.get_running_loop().create_future()
    return await never
