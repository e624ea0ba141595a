"""The containers of a run, as Airflow's Docker provider reaches their engine: its DockerHook, and our view of it."""

from __future__ import annotations

from logging import Logger

from airflow.sdk.exceptions import AirflowException, AirflowFailException

from streamproof.model.errors import StreamproofError
from streamproof.model.plan import COMPOSE, RunPlan
from streamproof.runtime.compose.engine import Engine

DEFAULT_SOCKET = "unix:///var/run/docker.sock"
TIMEOUT_SEC = 15


def engine_of(project: str, docker_host: str | None) -> Engine:
    """Return the engine through the DockerHook: health, logs, statistics and end of a project's containers.

    Raises AirflowException when none answers.
    """
    from airflow.providers.docker.hooks.docker import DockerHook

    # No connection: that of a DockerHook is for a registry, and images are Compose's to pull.
    hook = DockerHook(docker_conn_id=None, base_url=docker_host or DEFAULT_SOCKET, version="auto", timeout=TIMEOUT_SEC)
    return Engine(hook.get_conn(), project)


def require_engine(docker_host: str | None) -> None:
    """Raise AirflowFailException when there is no engine for stack `compose`: before anything is planned."""
    try:
        engine_of("", docker_host)
    except AirflowException as error:
        raise AirflowFailException(
            f"No Docker engine answers at {docker_host or DEFAULT_SOCKET}: {error} "
            "Set DOCKER_HOST for Airflow's processes, or choose another stack."
        ) from None


def log_containers(plan: RunPlan, project: str, log: Logger) -> None:
    """Write to a task's log how the run's containers are; nothing for a run of another stack."""
    if plan.stack != COMPOSE or not project:
        return
    try:
        for container in engine_of(project, plan.docker_host).describe():
            log.info("container %s", container)
    except (AirflowException, StreamproofError) as error:
        log.warning("The containers could not be looked at: %s", error)
