"""Open a deployment from within Airflow: its cluster is a connection, its records are in the project's folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from streamproof.airflow.connections import flink_connection
from streamproof.airflow.settings import read_settings

if TYPE_CHECKING:
    from streamproof.flink.deploying.deployment import Deployment
    from streamproof.flink.deploying.work import Gate, Limits, Wait
    from streamproof.model.settings import FlinkSettings


def cluster(conn_id: str) -> FlinkSettings:
    """Return how to reach a cluster; '' is the default connection. Raises StackError when Airflow does not have it."""
    settings = read_settings()
    return flink_connection(settings.model_copy(update={"flink_conn_id": conn_id}) if conn_id else settings)


@contextmanager
def opened_here(
    conn_id: str,
    name: str,
    *,
    limits: Mapping[str, float] | None = None,
    gate: Gate | None = None,
    say: Callable[[str], None] | None = None,
    reads_only: bool = False,
) -> Iterator[Deployment]:
    """Open a deployment until the end of the block. Raises StreamproofError."""
    from streamproof.flink.deploying.opening import opened

    folder = read_settings().deployments
    more: dict[str, Any] = {"limits": limits_of(limits), "gate": gate, "say": say, "reads_only": reads_only}
    with opened(cluster(conn_id), folder, name, **more) as deployment:
        yield deployment


@contextmanager
def awaited_here(conn_id: str, name: str, limits: Mapping[str, float]) -> Iterator[Wait | None]:
    """Return what a deployment waits for, None when nothing is awaited. Others may open the deployment meanwhile."""
    from streamproof.flink.client import FlinkClient
    from streamproof.flink.deploying.deployment import Deployment
    from streamproof.flink.deploying.record import Store
    from streamproof.flink.deploying.work import Work

    store = Store(read_settings().deployments, name)
    with FlinkClient(cluster(conn_id)) as client:
        yield Deployment(Work(client, store, store.read(), limits_of(limits))).awaited()


def limits_of(given: Mapping[str, Any] | None) -> Limits:
    """Return time limits in seconds; those that are not given are the defaults."""
    from streamproof.flink.deploying.work import Limits

    seconds: dict[str, Any] = {key: float(value) for key, value in (given or {}).items()}
    return Limits(**seconds)
