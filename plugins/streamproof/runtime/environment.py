"""The environment of a stack's programs: placeholders replaced by the addresses of its services, and PYTHONPATH."""

from __future__ import annotations

import os
from collections.abc import Mapping

from streamproof.model.stack import StackState
from streamproof.packs.processors import fill_known
from streamproof.runtime.ports import LOOPBACK
from streamproof.runtime.stack_spec import POSTGRES
from streamproof.runtime.warehouses import warehouse_settings

# The values of a stack that serves a fixture set. `repetition` counts the starts of the program, from 1.
SOURCE_PLACEHOLDERS = ("source_url", "repetition")
# Values that are known only once a stack has started. A processor's texts name them in braces.
PLACEHOLDERS = (
    "host", "bootstrap_servers", "clickhouse_host", "clickhouse_port", "clickhouse_tcp_port", "clickhouse_url",
    "clickhouse_user", "postgres_host", "postgres_port", "postgres_user",
)  # fmt: skip


def placeholder_values(state: StackState) -> dict[str, str]:
    """Return the values of `PLACEHOLDERS` for a started stack. `host` is the address for servers of the processor.

    Those of a service that the stack does not have are empty.
    """
    return {
        "host": LOOPBACK,
        "bootstrap_servers": state.bootstrap_servers,
        "clickhouse_host": state.clickhouse_host,
        "clickhouse_port": str(state.clickhouse_port),
        "clickhouse_tcp_port": str(state.clickhouse_tcp_port),
        "clickhouse_url": state.clickhouse.url,
        "clickhouse_user": state.clickhouse_user,
        "source_url": state.source_url,
        "postgres_host": state.postgres_host,
        "postgres_port": str(state.postgres_port or ""),
        "postgres_user": state.postgres_user,
    }


def secret_values(state: StackState) -> dict[str, str]:
    """Return the secrets of a started stack by placeholder. They are never written. Raises StackError."""
    return {"postgres_password": warehouse_settings(state, POSTGRES).password} if state.postgres_secret else {}


def fill_environment(env: Mapping[str, str], state: StackState) -> dict[str, str]:
    """Return environment variables with their `{placeholders}` replaced by values of the started stack."""
    values = placeholder_values(state)
    return {name: fill_known(text, values) for name, text in env.items()}


def with_python_path(env: Mapping[str, str], folders: str) -> Mapping[str, str]:
    """Return an environment in which Python looks for modules in these folders first; '' for none."""
    if not folders:
        return env
    return {**env, "PYTHONPATH": os.pathsep.join([folders, *filter(None, [env.get("PYTHONPATH")])])}
