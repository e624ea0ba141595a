"""The supervisor of one stack: a detached process that starts the services, watches them, and takes them down.

Run by `services.stack.start_stack` as `python -m streamproof.services.supervisor SPEC.json TIMEOUT_SEC`. It ends the
stack on SIGTERM, when a service dies, when its owner is gone, and when its time is over.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
import traceback
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from streamproof.model.errors import StackError, StreamproofError
from streamproof.model.stack import StackState
from streamproof.model.window import iso_ms
from streamproof.services.clickhouse_server import USER, ClickHouseServer
from streamproof.services.files import write_json
from streamproof.services.kafka_broker import KafkaBroker
from streamproof.services.kafka_mock import KafkaMock
from streamproof.services.ports import LOOPBACK, PortReservation
from streamproof.services.process import Child, is_alive, own_identity
from streamproof.services.processor_process import ProcessorProcess
from streamproof.services.stack_spec import BROKER, CONTROLLER_PORT, HTTP_PORT, KAFKA_PORT, TCP_PORT, StackSpec
from streamproof.services.waiting import Probe, wait_until_async

# What children need from the environment. Nothing else is passed on: a run depends on its plan, not on the shell.
PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "PYTHONPATH", "VIRTUAL_ENV")
TOPICS_TIMEOUT_SEC = 15.0

Service = KafkaBroker | KafkaMock | ClickHouseServer | ProcessorProcess


def _say(text: str) -> None:
    """Write a line to the supervisor's own log, which its standard error is."""
    sys.stderr.write(f"{iso_ms(datetime.now(UTC))} {text}\n")
    sys.stderr.flush()


class Supervisor:
    """One stack from its first process to its last."""

    def __init__(self, spec: StackSpec, held: PortReservation, env: Mapping[str, str], timeout: float) -> None:
        self.spec, self.held, self.env, self.timeout = spec, held, env, timeout
        ports = held.ports
        self.clickhouse = ClickHouseServer(spec, {p: ports[p] for p in (HTTP_PORT, TCP_PORT)}, env)
        self.kafka: KafkaBroker | KafkaMock = (
            KafkaBroker(spec, {p: ports[p] for p in (KAFKA_PORT, CONTROLLER_PORT)}, env)
            if spec.kafka_kind == BROKER
            else KafkaMock(spec, env)
        )
        self.processor = ProcessorProcess(spec, env) if spec.processor else None
        self.state = StackState(
            name=spec.name,
            status="starting",
            supervisor=own_identity(),
            kafka_kind=spec.kafka_kind,
            bootstrap_servers=self.kafka.bootstrap_servers,
            clickhouse_host=LOOPBACK,
            clickhouse_port=ports[HTTP_PORT],
            clickhouse_tcp_port=ports[TCP_PORT],
            clickhouse_user=USER,
        )

    def tell(self, status: str, error: str | None = None, hint: str | None = None) -> None:
        """Write the state file."""
        if status != self.state.status:
            _say(f"{status}{f': {error}' if error else ''}")
        self.state = replace(self.state, status=status, error=error, hint=hint)
        write_json(self.spec.state_file, self.state.as_json())

    async def run(self) -> None:
        """Start the stack, keep it until something ends it, and stop it. The state file tells what became of it."""
        ending: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        watching = self._watch_for_end(ending)
        try:
            error = await self._until_end(ending)
        finally:
            if watching:
                watching.cancel()
        if error:
            # Told before the services are stopped: whoever waits for the stack learns it at once.
            self.tell("failed", error.message, error.hint)
            _answer()
        await self._stop()
        if not error:
            self.tell("stopped", error=ending.result() if ending.done() else None)

    def _watch_for_end(self, ending: asyncio.Future[str | None]) -> asyncio.Task[None] | None:
        """Arrange for `ending` to be told why the stack is to end; None is for: because it was asked to."""
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
        """Start the services, then watch them; return what went wrong, None when the stack is only to end."""
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
        self.tell("ready")
        _answer()
        watched = {asyncio.create_task(child.process.wait()): child for child in self._children()}
        done = await _first({*watched, ending})
        for task in watched:
            task.cancel()
        if ending in done:
            return None
        return next(child.death("during the run") for task, child in watched.items() if task in done)

    async def _start(self) -> None:
        try:
            async with asyncio.timeout(self.timeout):
                await self._start_services()
        except TimeoutError:
            started = {service.name for service in self.state.services}
            missing = [name for name in ("kafka", "clickhouse", "processor") if name not in started]
            raise StackError(
                f"The stack was not up within {self.timeout:.0f} s; still missing: {', '.join(missing)}.",
                hint=f"Look at the logs in {self.spec.root / 'logs'}.",
            ) from None

    async def _start_services(self) -> None:
        """Start Kafka and ClickHouse side by side, then topics, then the processor."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._start_one(self.kafka))
                group.create_task(self._start_one(self.clickhouse))
        except* StreamproofError as errors:
            raise next(error for error in errors.exceptions if isinstance(error, StreamproofError)) from None
        self.held.release()
        self.state = replace(self.state, bootstrap_servers=self.kafka.bootstrap_servers)
        await self.kafka.create_topics(self.spec.topics, min(self.timeout, TOPICS_TIMEOUT_SEC))
        if self.processor:
            started = await self.processor.start(self.state)
            self.state = replace(self.state, services=(*self.state.services, started))

    async def _start_one(self, service: KafkaBroker | KafkaMock | ClickHouseServer) -> None:
        started = await service.start(self.timeout)
        _say(f"{started.name} is up, pid {started.process.pid}")
        self.state = replace(self.state, services=(*self.state.services, started))
        self.tell("starting")

    def _services(self) -> tuple[Service, ...]:
        return (*([self.processor] if self.processor else []), self.kafka, self.clickhouse)

    def _children(self) -> list[Child]:
        return [child for service in self._services() for child in service.children]

    async def _stop(self) -> None:
        """Stop the processor while it can still flush, then the rest, and remove the data."""
        if self.processor:
            await self._stop_one(self.processor)
        await asyncio.gather(self._stop_one(self.kafka), self._stop_one(self.clickhouse))
        shutil.rmtree(self.spec.data, ignore_errors=True)

    async def _stop_one(self, service: Service) -> None:
        await service.stop()
        for child in service.children:
            _say(f"{child.name} has ended, code {child.process.returncode}")


async def _first(awaited: set[asyncio.Future[Any]]) -> set[asyncio.Future[Any]]:
    """Wait until the first of these is done, and return those that are."""
    done, _pending = await asyncio.wait(awaited, return_when=asyncio.FIRST_COMPLETED)
    return done


def _answer() -> None:
    """Close standard output: `start_stack` waits for that, and then reads the state file."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.close(null)


def _reserve(spec: StackSpec) -> PortReservation:
    purposes = [HTTP_PORT, TCP_PORT, *([KAFKA_PORT, CONTROLLER_PORT] if spec.kafka_kind == BROKER else [])]
    return PortReservation({purpose: spec.ports.get(purpose, 0) for purpose in purposes})


def supervise(spec: StackSpec, env: Mapping[str, str], timeout: float) -> int:
    """Run a stack in this process until it ends; return the exit code."""
    supervisor = None
    try:
        with _reserve(spec) as held:
            supervisor = Supervisor(spec, held, env, timeout)
            supervisor.tell("starting")
            _say(f"starting {spec.name}, supervisor pid {os.getpid()}")
            asyncio.run(supervisor.run())
            return int(supervisor.state.status == "failed")
    except StreamproofError as error:
        _fail_unstarted(spec, error.message, error.hint)
    except Exception as error:  # noqa: BLE001 - the last line of defence; the traceback is in the log
        traceback.print_exc()
        text = f"The supervisor failed: {type(error).__name__}: {error}"
        hint = f"This is a defect of streamproof. The traceback is in {spec.log('supervisor')}."
        if supervisor:
            supervisor.tell("failed", text, hint)
        else:
            _fail_unstarted(spec, text, hint)
    return 1


def _fail_unstarted(spec: StackSpec, message: str, hint: str) -> None:
    """Write the state of a stack that has no service and no port."""
    state = StackState(
        spec.name, "failed", own_identity(), spec.kafka_kind, "", LOOPBACK, 0, 0, USER, (), message, hint
    )
    write_json(spec.state_file, state.as_json())


def main() -> None:
    """Detach from whoever started this, then supervise."""
    spec = StackSpec.from_json(orjson.loads(Path(sys.argv[1]).read_bytes()))
    # A process that ends leaves a zombie to its parent; this one's parent is to be init, which reaps it.
    if os.fork():
        os._exit(0)
    os.setsid()
    env = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    code = supervise(spec, env, float(sys.argv[2]))
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
