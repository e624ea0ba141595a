"""What `streamproof stack up` prints for a shell: how the stack's warehouse is reached."""

from __future__ import annotations

import os
import subprocess
from types import SimpleNamespace

from streamproof.cli.stacks import exported, warehouse_variables
from streamproof.model.stack import StackState
from streamproof.runtime.process import own_identity

CONTEXT = SimpleNamespace(names=SimpleNamespace(database="sp_x"))


def in_a_shell(variables: dict[str, str], *shown: str) -> list[str]:
    """Return what variables hold after a shell has read the lines."""
    lines = "".join(exported(*variable) for variable in variables.items())
    script = lines + "".join(f'printf "%s\\n" "${name}"\n' for name in shown)
    return subprocess.run(
        ["/bin/sh", "-eu", "-c", script], env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, check=True
    ).stdout.splitlines()


def state(**more) -> StackState:
    return StackState("dev", "ready", own_identity(), "none", "", "127.0.0.1", 8123, 9000, "u", **more)


def test_postgresql_is_named_by_its_own_variables_and_its_password_is_not_printed(tmp_path):
    secret = tmp_path / "fôlder with spaces" / "password"
    secret.parent.mkdir()
    secret.write_text("it's $ecret")
    found = state(
        postgres_host="127.0.0.1", postgres_port=5433, postgres_user="streamproof", postgres_secret=str(secret)
    )
    variables = warehouse_variables(CONTEXT, found)
    assert "ecret" not in "".join(variables.values())
    assert not [name for name in variables if name.startswith("CH_")]
    assert in_a_shell(variables, "PGHOST", "PGPORT", "PGUSER", "PGDATABASE", "PGPASSWORD") == [
        "127.0.0.1", "5433", "streamproof", "sp_x", "it's $ecret",
    ]  # fmt: skip


def test_clickhouse_is_named_by_ch_variables():
    variables = warehouse_variables(CONTEXT, state())
    assert in_a_shell(variables, *variables) == ["127.0.0.1", "8123", "u", "sp_x"]
    assert [*variables] == ["CH_HOST", "CH_PORT", "CH_USER", "CH_DATABASE"]
