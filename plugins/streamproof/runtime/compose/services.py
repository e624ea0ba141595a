"""The services of a stack on Docker: containers of one Compose project, with their own ports and volumes."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from streamproof.model.errors import StackError, WaitTimeoutError
from streamproof.model.stack import ServiceState
from streamproof.model.waiting import wait_until_async
from streamproof.runtime.compose.cli import ComposeCli
from streamproof.runtime.compose.engine import ContainerView, Engine
from streamproof.runtime.compose.project import (
    CONTAINERS_FILE,
    STOP_GRACE_SEC,
    compose_cli,
    launch_of,
    take_project_down,
)
from streamproof.runtime.compose.published import (
    PORTS,
    compose_ports,
    first_state,
    password_file,
    seen_inside,
    with_password,
)
from streamproof.runtime.environment import fill_environment
from streamproof.runtime.files import write_json
from streamproof.runtime.ports import PortReservation
from streamproof.runtime.stack_spec import BACKUP_RESET, PRESERVE, PROCESSOR, USER, StackSpec
from streamproof.runtime.state_file import StateFile, say
from streamproof.transport.kafka.admin import admin_client
from streamproof.transport.kafka.topics import create_missing_topics

CONFIG_TIMEOUT_SEC = 60.0
# An image may have to be pulled, or built.
IMAGE_TIMEOUT_SEC = 1800.0
UP_TIMEOUT_SEC = 180.0
HEALTH_TIMEOUT_SEC = 180.0
TOPICS_TIMEOUT_SEC = 30.0
FAILED_GRACE_SEC = 2


class ComposeServices:
    """Services as containers. The supervisor treats them like processes."""

    def __init__(self, spec: StackSpec, env: Mapping[str, str], timeout: float) -> None:
        self.spec, self.env, self.timeout = spec, env, timeout
        self.launch = launch_of(spec)
        self.reserved = reserved = PortReservation(compose_ports(spec, self.launch.services))
        self.cli: ComposeCli | None = None
        self.engine: Engine | None = None
        self.exits: asyncio.Queue[StackError] = asyncio.Queue()
        self.stopping = self.started = False
        self.state_file = StateFile(spec, first_state(spec, reserved.ports))

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the services that must be up."""
        return self.launch.services

    async def start(self) -> None:
        """Get missing images, start the services, wait for their health, create topics, and start the processor.

        Raises StackError that names the service that does not come up, with the last lines of its log.
        """
        self.engine = await asyncio.to_thread(Engine.open, self.launch.project, self.launch.docker_host, self.env)
        self._write_files()
        self.cli = await asyncio.to_thread(compose_cli, self.spec, self.env)
        configuration = await self.cli.configuration(CONFIG_TIMEOUT_SEC)
        await self._images(configuration)
        await self._apply_strategy()
        self.reserved.release()
        first = tuple(name for name in self.names if name != PROCESSOR)
        await self._up(first)
        await self._healthy(first)
        await self._topics()
        if PROCESSOR in self.names:
            await self._up((PROCESSOR,))

    async def _topics(self) -> None:
        """Create the topics of a stack with Kafka."""
        if servers := self.state_file.state.bootstrap_servers:
            names, partitions = self.spec.topics, self.spec.partitions
            create = partial(create_missing_topics, partitions=partitions, timeout=TOPICS_TIMEOUT_SEC)
            await asyncio.to_thread(create, admin_client(servers), names)

    async def first_exit(self) -> StackError:
        """Wait until a container or the engine ends by itself, and return the error for it."""
        return await self.exits.get()

    async def stop(self) -> None:
        """Take the project down with its volumes, unless they must be kept. Logs stay in the run's folder."""
        self.stopping = True
        if not self.started:
            return
        cli, engine = self._tools()
        try:
            write_json(self.spec.root / CONTAINERS_FILE, await asyncio.to_thread(engine.describe))
            # A failed stack has no data to flush, so its containers get little time to end.
            grace = FAILED_GRACE_SEC if self.state_file.state.status == "failed" else STOP_GRACE_SEC
            await take_project_down(cli, keep_volumes=self.launch.keep_volumes, grace_sec=grace)
            if not self.launch.keep_volumes:
                password_file(self.spec).unlink(missing_ok=True)
            self.state_file.update(project="")
        except StackError as error:
            # The error that ended the stack is more important, so this one is only added to it.
            say(f"not taken down: {error.message}")
            before = f"{self.state_file.state.error} " if self.state_file.state.error else ""
            self.state_file.update(error=f"{before}Its containers could not be removed: {error.message}")

    def _write_files(self) -> None:
        """Write the project's own settings: ports, labels, the processor's variables, and no automatic restarts."""
        values = {
            variable: self.reserved.ports[purpose] for _, purpose, variable in PORTS if purpose in self.reserved.ports
        }
        # ClickHouse needs no password: the data are removed with the stack, and the ports are on loopback only. That of
        # PostgreSQL, whose superuser may start programs, is in no file of Compose.
        settings = {**values, "CLICKHOUSE_USER": USER, "CLICKHOUSE_PASSWORD": "", "TIMESCALEDB_USER": USER}
        text = "".join(f"{name}={value}\n" for name, value in settings.items())
        (self.spec.root / "compose.env").write_text(text, encoding="utf-8")
        services: dict[str, Any] = {
            # A restart would hide from the run that a service has died.
            name: {"restart": "no", "labels": {"streamproof.stack": self.spec.name}}
            for name in self.names
        }
        for name, count in self.launch.replicas.items():
            services[name]["scale"] = count
        if self.spec.processor and PROCESSOR in services:
            inside = seen_inside(self.state_file.state)
            services[PROCESSOR]["environment"] = fill_environment(self.spec.processor.env, inside)
        # Compose accepts JSON, because it is valid YAML.
        write_json(self.spec.root / "compose.run.yaml", {"services": services})

    async def _images(self, configuration: Mapping[str, Any]) -> None:
        cli, engine = self._tools()
        known = configuration["services"]
        for name in self.names:
            if name not in known:
                raise StackError(
                    f"There is no service '{name}' in {', '.join(self.launch.files)}.",
                    hint="The pack's `services:` name services of docker-compose.yaml.",
                )
            service = known[name]
            if await asyncio.to_thread(engine.has_image, service["image"]):
                continue
            verb = "build" if "build" in service else "pull"
            say(f"{verb} {service['image']}")
            try:
                await cli.run(verb, name, doing=f"to {verb} image {service['image']}", timeout=IMAGE_TIMEOUT_SEC)
            except StackError as error:
                raise StackError(
                    f"Service {name}: image {service['image']} cannot be {'built' if verb == 'build' else 'pulled'}.",
                    hint=error.hint,
                ) from None

    async def _apply_strategy(self) -> None:
        """Keep, back up or remove the volumes of an earlier stack of this name, according to the strategy."""
        cli, engine = self._tools()
        left = await asyncio.to_thread(engine.volumes)
        if not left or self.launch.strategy == PRESERVE:
            return
        if self.launch.strategy == BACKUP_RESET:
            self._begin()
            cli, engine = self._tools()
            # The engine can read a volume only through a container that mounts it, which need not run.
            await cli.run("create", *self.names, doing="to create containers", timeout=UP_TIMEOUT_SEC)
            saved = await asyncio.to_thread(engine.save_volumes, Path(self.launch.backups))
            say(f"saved {', '.join(str(path) for path in saved)}")
        await take_project_down(cli, keep_volumes=False)

    def _begin(self) -> None:
        """Record that the project may have containers or volumes that must be removed, and make their password."""
        if not self.started and self.cli is not None:
            self.cli = replace(self.cli, env=with_password(self.spec, self.env))
        self.started = True
        self.state_file.update(project=self.launch.project)

    async def _up(self, services: tuple[str, ...]) -> None:
        self._begin()
        cli, engine = self._tools()
        doing = f"to start {', '.join(services)}"
        try:
            await cli.run("up", "--detach", "--no-deps", "--no-build", *services, doing=doing, timeout=UP_TIMEOUT_SEC)
        except StackError as error:
            views = await asyncio.to_thread(engine.containers)
            stuck = ", ".join(view.service for view in views if view.service in services and view.status == "created")
            named = f"Service {stuck} could not be started. " if stuck else ""
            raise StackError(f"{named}{error.message}", hint=error.hint) from None
        loop = asyncio.get_running_loop()
        for service in services:
            for view in await asyncio.to_thread(engine.containers_of, service):
                # Reading from the engine cannot be interrupted, so daemon threads do it.
                threading.Thread(
                    target=self._follow, args=(loop, view), name=f"follow {view.name}", daemon=True
                ).start()
                ports = {purpose: self.reserved.ports[purpose] for of, purpose, _ in PORTS if of == service}
                log = str(self.spec.log(view.name))
                self.state_file.add(ServiceState(view.name, None, ports, log, view.image, view.id))

    def _follow(self, loop: asyncio.AbstractEventLoop, view: ContainerView) -> None:
        """Copy a container's log to a file and report its end."""
        _, engine = self._tools()
        try:
            code = engine.follow(view, self.spec.log(view.name))
            error = engine.exit_error(replace(view, exit_code=code), "during the run")
        except StackError as problem:
            error = problem
        if not self.stopping:
            with suppress(RuntimeError):  # the loop has closed: the stack is at its end
                loop.call_soon_threadsafe(self.exits.put_nowait, error)

    async def _healthy(self, services: tuple[str, ...]) -> None:
        _, engine = self._tools()
        try:
            await wait_until_async(
                lambda: engine.look(services),
                timeout=min(self.timeout, HEALTH_TIMEOUT_SEC),
                message=f"the health of {', '.join(services)}",
                hint="",
            )
        except WaitTimeoutError as late:
            views = await asyncio.to_thread(engine.containers)
            ill = next((view for view in views if view.service in services and not view.ready), None)
            hint = await asyncio.to_thread(engine.last_lines, ill) if ill else "See the logs in the stack's folder."
            name = f"Service {ill.name} is not healthy. " if ill else ""
            raise StackError(f"{name}{late.message}", hint=hint) from None

    def close(self) -> None:
        """Release the reserved ports."""
        self.reserved.release()

    def _tools(self) -> tuple[ComposeCli, Engine]:
        if self.cli is None or self.engine is None:
            raise StackError("Compose was not looked for yet.", hint="This is a defect of streamproof.")
        return self.cli, self.engine
