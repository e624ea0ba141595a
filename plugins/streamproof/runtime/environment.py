"""The environment of a stack's services: what is passed on, and what is filled in once other services are up."""

from __future__ import annotations

from collections.abc import Mapping

from streamproof.model.stack import StackState

# What is only known of a started stack; texts of a processor name it in braces.
PLACEHOLDERS = (
    "bootstrap_servers", "clickhouse_host", "clickhouse_port", "clickhouse_tcp_port", "clickhouse_url",
    "clickhouse_user",
)  # fmt: skip


def fill_text(text: str, state: StackState) -> str:
    """Return `text` with what is only known of a started stack in place of its `{names}`."""
    known = {
        "bootstrap_servers": state.bootstrap_servers,
        "clickhouse_host": state.clickhouse_host,
        "clickhouse_port": str(state.clickhouse_port),
        "clickhouse_tcp_port": str(state.clickhouse_tcp_port),
        "clickhouse_url": state.clickhouse.url,
        "clickhouse_user": state.clickhouse_user,
    }
    for name in PLACEHOLDERS:
        text = text.replace(f"{{{name}}}", known[name])
    return text


def fill_environment(env: Mapping[str, str], state: StackState) -> dict[str, str]:
    """Return environment variables with what is only known of a started stack in place of their `{names}`."""
    return {name: fill_text(text, state) for name, text in env.items()}
