"""The environment of a stack's services: what is passed on, and what is filled in once other services are up."""

from __future__ import annotations

from collections.abc import Mapping

from streamproof.model.stack import StackState


def fill_environment(env: Mapping[str, str], state: StackState) -> dict[str, str]:
    """Return `env` with what is only known of a started stack in place of its `{names}`."""
    known = {
        "bootstrap_servers": state.bootstrap_servers,
        "clickhouse_host": state.clickhouse_host,
        "clickhouse_port": str(state.clickhouse_port),
        "clickhouse_tcp_port": str(state.clickhouse_tcp_port),
        "clickhouse_url": state.clickhouse.url,
        "clickhouse_user": state.clickhouse_user,
    }
    filled = dict(env)
    for name, value in known.items():
        filled = {key: text.replace(f"{{{name}}}", value) for key, text in filled.items()}
    return filled
