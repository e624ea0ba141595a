"""What a stack on Docker publishes on this machine: its ports, its addresses, and the password of its PostgreSQL."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from streamproof.model.stack import StackState
from streamproof.runtime.ports import LOOPBACK
from streamproof.runtime.process import own_identity
from streamproof.runtime.stack_spec import (
    FLINK_REST_PORT,
    HTTP_PORT,
    KAFKA_PORT,
    POSTGRES,
    POSTGRES_PORT,
    TCP_PORT,
    USER,
    StackSpec,
)

# Published ports: service, purpose, and the variable of docker-compose.yaml that holds the number.
PORTS = (
    ("kafka", KAFKA_PORT, "KAFKA_PORT"),
    ("clickhouse", HTTP_PORT, "CLICKHOUSE_HTTP_PORT"),
    ("clickhouse", TCP_PORT, "CLICKHOUSE_TCP_PORT"),
    ("timescaledb", POSTGRES_PORT, "TIMESCALEDB_PORT"),
    ("flink-jobmanager", FLINK_REST_PORT, "FLINK_PORT"),
    ("mailpit", "mailpit_smtp", "MAILPIT_SMTP_PORT"),
    ("mailpit", "mailpit_ui", "MAILPIT_UI_PORT"),
    ("grafana", "grafana", "GRAFANA_PORT"),
    ("kafka-ui", "kafka_ui", "KAFKA_UI_PORT"),
)
# The addresses for other containers: service names of docker-compose.yaml, resolved in the project's network.
KAFKA_INSIDE = "kafka:9092"
CLICKHOUSE_INSIDE = ("clickhouse", 8123, 9000)
PASSWORD_VARIABLE = "TIMESCALEDB_PASSWORD"  # noqa: S105 - the name of a variable


def compose_ports(spec: StackSpec, services: tuple[str, ...]) -> dict[str, int]:
    """Return the ports that these services publish, by purpose; 0 means any free port."""
    return {purpose: spec.ports.get(purpose, 0) for service, purpose, _ in PORTS if service in services}


def first_state(spec: StackSpec, ports: Mapping[str, int]) -> StackState:
    """Return the state of a stack that starts, with the addresses of its services. `ports` are by purpose."""
    kafka, flink, postgres = (ports.get(purpose) for purpose in (KAFKA_PORT, FLINK_REST_PORT, POSTGRES_PORT))
    return StackState(
        name=spec.name,
        status="starting",
        supervisor=own_identity(),
        kafka_kind=spec.kafka_kind,
        bootstrap_servers=f"{LOOPBACK}:{kafka}" if kafka else "",
        clickhouse_host=LOOPBACK,
        clickhouse_port=ports.get(HTTP_PORT, 0),
        clickhouse_tcp_port=ports.get(TCP_PORT, 0),
        clickhouse_user=USER,
        bootstrap_from_clickhouse=KAFKA_INSIDE if kafka else "",
        flink_rest=f"http://{LOOPBACK}:{flink}" if flink else "",
        postgres_host=LOOPBACK if postgres else "",
        postgres_port=postgres or 0,
        postgres_user=USER if postgres else "",
        postgres_secret=str(password_file(spec)) if postgres else "",
    )


def seen_inside(state: StackState) -> StackState:
    """Return the state of a stack on Docker with the addresses that its own containers use."""
    host, http, tcp = CLICKHOUSE_INSIDE
    return replace(
        state, bootstrap_servers=KAFKA_INSIDE, clickhouse_host=host, clickhouse_port=http, clickhouse_tcp_port=tcp
    )


def password_file(spec: StackSpec) -> Path:
    """Return the file with the password of PostgreSQL, which only our own user can read. It stays with the volumes."""
    return spec.root / "postgres.password"


def with_password(spec: StackSpec, env: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of Compose with the password of PostgreSQL, if the stack has one. It is made once.

    A server keeps the password that its data folder was made with, so an earlier one of this stack is used again.
    """
    if spec.warehouse != POSTGRES:
        return dict(env)
    file = password_file(spec)
    if not file.exists():
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as out:
            out.write(secrets.token_urlsafe(18))
    return {**env, PASSWORD_VARIABLE: file.read_text(encoding="utf-8")}
