"""The supervisor of one stack: a detached process that starts, watches and stops the services.

Its program is `streamproof.services.supervise`. It stops the stack on SIGTERM, when a service or the stack's owner
ends, and when the stack expires.
"""

from __future__ import annotations

import asyncio
import os
import signal
import traceback
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from streamproof.model.errors import StackError, StreamproofError
from streamproof.model.stack import StackState
from streamproof.model.waiting import Probe, wait_until_async
from streamproof.runtime.compose.engine import DOCKER_ENVIRONMENT
from streamproof.runtime.files import write_json
from streamproof.runtime.ports import LOOPBACK
from streamproof.runtime.process import is_alive, own_identity
from streamproof.runtime.stack_spec import USER, StackSpec
from streamproof.runtime.state_file import StateFile, say

# The variables that children get from the environment. There are no others, so that a run depends only on its plan.
PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "PYTHONPATH", "VIRTUAL_ENV")


class Services(Protocol):
    """The services of one stack, as processes or containers."""

    state_file: StateFile

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the services that must be up."""

    async def start(self) -> None:
        """Start all services; add each to the state file when it is up. Raises StackError that names a failed one."""

    async def first_exit(self) -> StackError:
        """Wait until a service ends by itself, and return the error for it."""

    async def stop(self) -> StackError | None:
        """Stop the started services and remove their data. Return an error when the processor had to be killed."""

    def close(self) -> None:
        """Release the reserved ports. Calling it again does nothing."""


# A function that returns the services of a stack, not yet started. Its arguments are the specification, the basic
# environment and the time-out in seconds.
ServicesOf = Callable[[StackSpec, Mapping[str, str], float], Services]


class Supervisor:
    """Runs one stack, from the start of its first service to the end of its last."""

    def __init__(self, spec: StackSpec, services: Services, timeout: float) -> None:
        self.spec, self.services, self.timeout = spec, services, timeout
        self.state_file = services.state_file

    async def run(self) -> None:
        """Start the stack, wait until something ends it, and stop it. The state file then has the reason."""
        ending: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        watching = self._watch_for_end(ending)
        try:
            error = await self._until_end(ending)
        finally:
            if watching:
                watching.cancel()
        if error:
            # Written before the services are stopped, so that waiting processes see the failure at once.
            self.state_file.write_status("failed", error.message, error.hint)
            _answer()
        killed = await self.services.stop()
        if killed:
            self.state_file.update(killed=killed.message, killed_hint=killed.hint)
        if not error:
            self.state_file.write_status("stopped", error=ending.result() if ending.done() else None)

    def _watch_for_end(self, ending: asyncio.Future[str | None]) -> asyncio.Task[None] | None:
        """Install the events that complete `ending`. Its result is the reason, None when a signal ended the stack."""
        loop = asyncio.get_running_loop()

        def end(reason: str | None = None) -> None:
            if not ending.done():
                ending.set_result(reason)

        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, end)
        limit, owner = self.spec.expires_after_sec, self.spec.owner
        if limit is not None:
            loop.call_later(limit, end, f"The stack was stopped after its {limit:.0f} s.")
        if owner is None:
            return None

        async def look() -> Probe:
            return Probe(not is_alive(owner), "the end of the owner")

        async def watch() -> None:
            await wait_until_async(look, timeout=float("inf"), message="the owner to end", hint="")
            end(f"The stack was stopped because its owner, process {owner.pid}, is gone.")

        return asyncio.create_task(watch())

    async def _until_end(self, ending: asyncio.Future[str | None]) -> StreamproofError | None:
        """Start the services and watch them. Return the error that ended the stack, None when it ended on request."""
        starting = asyncio.create_task(self._start())
        await _first({starting, ending})
        if not starting.done():
            starting.cancel()
        try:
            await starting
        except asyncio.CancelledError:
            return None
        except StreamproofError as error:
            return error
        self.state_file.write_status("ready")
        _answer()
        watching = asyncio.create_task(self.services.first_exit())
        done = await _first({watching, ending})
        watching.cancel()
        return None if ending in done else watching.result()

    async def _start(self) -> None:
        try:
            async with asyncio.timeout(self.timeout):
                await self.services.start()
        except TimeoutError:
            started = {service.name for service in self.state_file.state.services}
            missing = [name for name in self.services.names if name not in started]
            raise StackError(
                f"The stack was not up within {self.timeout:.0f} s; still missing: {', '.join(missing)}.",
                hint=f"Look at the logs in {self.spec.root / 'logs'}.",
            ) from None


async def _first(awaited: set[asyncio.Future[Any]]) -> set[asyncio.Future[Any]]:
    """Wait until at least one of these is done, and return all that are."""
    done, _pending = await asyncio.wait(awaited, return_when=asyncio.FIRST_COMPLETED)
    return done


def _answer() -> None:
    """Close standard output. `start_stack` waits for that, and then reads the state file."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.close(null)


def supervise(
    spec: StackSpec, environ: Mapping[str, str], timeout: float, secrets: Mapping[str, str], services_of: ServicesOf
) -> int:
    """Run a stack in this process until it ends; return the exit code.

    `environ` is the process's environment. `secrets` are values of the processor's placeholders that no file contains.
    """
    passed_on = (*PASSED_ON, *DOCKER_ENVIRONMENT) if spec.compose else PASSED_ON
    env = {name: environ[name] for name in passed_on if name in environ}
    services = None
    try:
        services = services_of(spec.with_secrets(secrets), env, timeout)
        services.state_file.write_status("starting")
        say(f"starting {spec.name}, supervisor pid {os.getpid()}")
        asyncio.run(Supervisor(spec, services, timeout).run())
        return int(services.state_file.state.status == "failed")
    except StreamproofError as error:
        _fail_unstarted(spec, error.message, error.hint)
    except Exception as error:  # noqa: BLE001 - the last line of defence; the traceback is in the log
        traceback.print_exc()
        text = f"The supervisor failed: {type(error).__name__}: {error}"
        hint = f"This is a defect of streamproof. The traceback is in {spec.log('supervisor')}."
        if services:
            services.state_file.write_status("failed", text, hint)
        else:
            _fail_unstarted(spec, text, hint)
    finally:
        if services:
            services.close()
    return 1


def _fail_unstarted(spec: StackSpec, message: str, hint: str) -> None:
    """Write the state of a stack that failed before it had services or ports."""
    state = StackState(
        spec.name, "failed", own_identity(), spec.kafka_kind, "", LOOPBACK, 0, 0, USER, (), message, hint
    )
    write_json(spec.state_file, state.as_json())
