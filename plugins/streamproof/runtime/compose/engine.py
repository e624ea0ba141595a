"""Read health, logs and statistics of a Compose project's containers from the Docker engine, and kill them."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from requests.exceptions import RequestException

from streamproof.model.errors import StackError
from streamproof.model.waiting import Probe

if TYPE_CHECKING:
    from docker import APIClient

# What the Docker CLI and the SDK read to find their engine and their credentials.
DOCKER_ENVIRONMENT = (
    "DOCKER_HOST", "DOCKER_CONFIG", "DOCKER_CERT_PATH", "DOCKER_TLS_VERIFY", "DOCKER_CONTEXT", "XDG_RUNTIME_DIR",
)  # fmt: skip
OLDEST_ENGINE = (20, 10)
PROJECT_LABEL = "com.docker.compose.project"
SERVICE_LABEL = "com.docker.compose.service"
NUMBER_LABEL = "com.docker.compose.container-number"
REQUEST_TIMEOUT_SEC = 30
LAST_LINES = 12


@dataclass(frozen=True, slots=True)
class ContainerView:
    """The state of a container. `health` is None without a health check; `said` is the output of the last one.

    `number` counts the containers of its service from 1.
    """

    service: str
    id: str
    image: str
    status: str
    health: str | None
    exit_code: int
    said: str
    number: int = 1

    @property
    def name(self) -> str:
        """Return the name of its service, with its number unless it is the first one."""
        return self.service if self.number == 1 else f"{self.service}-{self.number}"

    @property
    def ended(self) -> bool:
        """Return whether its process has ended."""
        return self.status in ("exited", "dead")

    @property
    def ready(self) -> bool:
        """Return whether it is healthy, or runs and has no health check."""
        return self.status == "running" and self.health in (None, "healthy")


@contextmanager
def _refusals(doing: str) -> Iterator[None]:
    from docker.errors import DockerException

    try:
        yield
    except (DockerException, RequestException, OSError) as error:
        raise StackError(
            f"The Docker engine failed {doing}: {_short(error)}.", hint="Does `docker info` answer? See its log."
        ) from None


def _short(error: BaseException) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__


@dataclass(frozen=True, slots=True)
class Engine:
    """A Docker engine, limited to one Compose project."""

    api: APIClient
    project: str

    @classmethod
    def open(cls, project: str, host: str | None, env: Mapping[str, str]) -> Engine:
        """Connect to the engine at `host`, else at the address in `env`, else at the default socket.

        Raises StackError when none answers there or it is too old.
        """
        import docker
        from docker.errors import DockerException

        environment = {**env, **({"DOCKER_HOST": host} if host else {})}
        place = environment.get("DOCKER_HOST") or "the default socket"
        try:
            api = docker.from_env(environment=environment, timeout=REQUEST_TIMEOUT_SEC).api
            version = str(api.version()["Version"])
        except (DockerException, OSError) as error:
            raise StackError(
                f"No Docker engine answers at {place}: {_short(error)}.",
                hint="Start it (`systemctl start docker`), set DOCKER_HOST, or use --stack local, which needs none.",
            ) from None
        if _numbers(version) < OLDEST_ENGINE:
            raise StackError(
                f"Docker engine {version} at {place} is too old.",
                hint=f"Version {'.'.join(map(str, OLDEST_ENGINE))} or newer is needed.",
            )
        return cls(api, project)

    def containers(self) -> list[ContainerView]:
        """Return every container of the project, also those that have ended. Raises StackError."""
        with _refusals("to list containers"):
            found = self.api.containers(all=True, filters={"label": f"{PROJECT_LABEL}={self.project}"})
            return [_view(self.api.inspect_container(container["Id"])) for container in found]

    def container(self, service: str) -> ContainerView:
        """Return the container of a service, the first one of several. Raises StackError when there is none."""
        return self.containers_of(service)[0]

    def containers_of(self, service: str) -> list[ContainerView]:
        """Return the containers of a service by number. Raises StackError when there is none."""
        if found := [view for view in self.containers() if view.service == service]:
            return sorted(found, key=lambda view: view.number)
        raise StackError(f"Service {service} has no container.", hint=f"`docker compose -p {self.project} ps --all`.")

    def look(self, services: tuple[str, ...]) -> Probe:
        """Return whether all services are healthy. Raises StackError when one has ended or is unhealthy."""
        views = [view for view in self.containers() if view.service in services]
        for view in views:
            if view.ended:
                raise self.exit_error(view, "while starting")
            if view.health == "unhealthy":
                raise StackError(f"Service {view.name} is not healthy.", hint=self.last_lines(view))
        there = {view.service for view in views}
        missing = [f"{service} (no container)" for service in services if service not in there]
        missing = [*(f"{view.name} ({_how(view)})" for view in views if not view.ready), *missing]
        return Probe(not missing, ", ".join(missing))

    def exit_error(self, view: ContainerView, doing: str) -> StackError:
        """Return the error for a service that ended while `doing`, with the last lines of its log."""
        code = view.exit_code
        how = f"was killed by signal {code - 128}" if code > 128 else f"ended with code {code}"
        return StackError(f"Service {view.name} {how} {doing}.", hint=self.last_lines(view))

    def last_lines(self, view: ContainerView) -> str:
        """Return the last lines of a container's log and of its health check, as a hint."""
        with _refusals(f"to give the log of {view.service}"):
            said = self.api.logs(view.id, tail=LAST_LINES).decode("utf-8", "replace").strip()
        checked = f" Its health check said: {view.said}." if view.said and view.health == "unhealthy" else ""
        lines = "\n".join(line[:500] for line in said.splitlines())
        return (f"Last lines of its log:\n{lines}" if lines else "Its log is empty.") + checked

    def follow(self, view: ContainerView, log: Path) -> int:
        """Copy a container's log to `log` until it ends, and return its exit code. Blocks. Raises StackError."""
        with _refusals(f"while it was asked for the log of {view.service}"), log.open("ab", buffering=0) as out:
            # Reading has no time-out, because a service may log nothing for a long time.
            for chunk in self.api.logs(view.id, stream=True, follow=True):
                out.write(chunk)
            return int(self.api.wait(view.id)["StatusCode"])

    def has_image(self, image: str) -> bool:
        """Return whether the engine has an image without pulling it. Raises StackError."""
        from docker.errors import ImageNotFound

        with _refusals(f"to look for image {image}"):
            try:
                self.api.inspect_image(image)
            except ImageNotFound:
                return False
            return True

    def kill(self, service: str) -> None:
        """Kill a service's process. Raises StackError."""
        view = self.container(service)
        with _refusals(f"to kill {service}"):
            self.api.kill(view.id)

    def describe(self) -> list[dict[str, Any]]:
        """Return state, health, image, memory in bytes and CPU seconds of each container, for diagnostics."""
        return [
            {
                "service": view.service,
                "container": view.id[:12],
                "image": view.image,
                "status": view.status,
                "health": view.health,
                "exit_code": view.exit_code,
                "health_check_said": view.said,
                **(self._stats(view) if view.status == "running" else {}),
            }
            for view in self.containers()
        ]

    def _stats(self, view: ContainerView) -> dict[str, Any]:
        with _refusals(f"to give statistics of {view.service}"):
            stats = self.api.stats(view.id, stream=False, one_shot=True)
        memory, cpu = stats.get("memory_stats", {}), stats.get("cpu_stats", {}).get("cpu_usage", {})
        return {
            "memory_bytes": memory.get("usage"),
            "memory_peak_bytes": memory.get("max_usage"),
            "cpu_sec": round(cpu.get("total_usage", 0) / 1e9, 3),
        }

    def volumes(self) -> list[str]:
        """Return the names of the project's volumes. Raises StackError."""
        with _refusals("to list volumes"):
            found = self.api.volumes(filters={"label": f"{PROJECT_LABEL}={self.project}"})
            return sorted(volume["Name"] for volume in found["Volumes"] or ())

    def save_volumes(self, folder: Path) -> list[Path]:
        """Write each volume that a container of the project mounts to `folder` as a tar file, and return those.

        The containers need not run. Raises StackError, also when a tar file cannot be read back.
        """
        folder.mkdir(parents=True, exist_ok=True)
        saved = []
        with _refusals("to save volumes"):
            for container in self.api.containers(all=True, filters={"label": f"{PROJECT_LABEL}={self.project}"}):
                for mount in container["Mounts"]:
                    if mount["Type"] == "volume":
                        target = folder / f"{mount['Name']}.tar"
                        stream, _facts = self.api.get_archive(container["Id"], mount["Destination"])
                        with target.open("wb") as out:
                            out.writelines(stream)
                        saved.append(target)
        for target in saved:
            if not tarfile.is_tarfile(target):
                raise StackError(f"{target} cannot be read back.", hint="Nothing was removed. Is the disk full?")
        return saved


def _view(facts: Mapping[str, Any]) -> ContainerView:
    state, config = facts["State"], facts["Config"]
    health = state.get("Health")
    checks = (health or {}).get("Log") or []
    return ContainerView(
        service=config["Labels"].get(SERVICE_LABEL, facts["Name"].strip("/")),
        id=facts["Id"],
        image=config["Image"],
        status=state["Status"],
        health=health["Status"] if health else None,
        exit_code=int(state.get("ExitCode") or 0),
        said=" ".join(checks[-1]["Output"].split())[:300] if checks else "",
        number=int(config["Labels"].get(NUMBER_LABEL, 1)),
    )


def _how(view: ContainerView) -> str:
    return view.status if view.status != "running" else str(view.health)


def _numbers(version: str) -> tuple[int, ...]:
    """Return the leading numbers of a version: `20.10.24+dfsg1` is (20, 10)."""
    parts = version.lstrip("v").split(".")[:2]
    return tuple(int("".join(char for char in part if char.isdigit()) or 0) for part in parts)
