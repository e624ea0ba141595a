"""The containers of a run, reached through the DockerHook of Airflow's Docker provider."""

from __future__ import annotations

from logging import Logger

from airflow.sdk.exceptions import AirflowException, AirflowFailException

from streamproof.model.errors import StreamproofError
from streamproof.model.plan import COMPOSE, RunPlan
from streamproof.runtime.compose.engine import Engine

DEFAULT_SOCKET = "unix:///var/run/docker.sock"
TIMEOUT_SEC = 15


def engine_of(project: str, docker_host: str | None) -> Engine:
    """Connect to the Docker engine for the containers of one Compose project.

    Raises AirflowException when no engine answers.
    """
    from airflow.providers.docker.hooks.docker import DockerHook

    # A DockerHook uses its Airflow connection to log in to a registry. Compose pulls the images, so none is needed.
    hook = DockerHook(docker_conn_id=None, base_url=docker_host or DEFAULT_SOCKET, version="auto", timeout=TIMEOUT_SEC)
    return Engine(hook.get_conn(), project)


def require_engine(docker_host: str | None) -> None:
    """Raise AirflowFailException when no Docker engine answers. Stack `compose` calls it before a run is planned."""
    try:
        engine_of("", docker_host)
    except AirflowException as error:
        raise AirflowFailException(
            f"No Docker engine answers at {docker_host or DEFAULT_SOCKET}: {error} "
            "Set DOCKER_HOST for Airflow's processes, or choose another stack."
        ) from None


def log_containers(plan: RunPlan, project: str, log: Logger) -> None:
    """Write the state of the run's containers to a task's log. It does nothing for a run on another stack."""
    if plan.stack != COMPOSE or not project:
        return
    try:
        for container in engine_of(project, plan.docker_host).describe():
            log.info("container %s", container)
    except (AirflowException, StreamproofError) as error:
        log.warning("The containers could not be looked at: %s", error)
