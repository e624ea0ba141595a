"""Kafka and ClickHouse as somebody else runs them: with users, passwords and rights."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from streamproof.model.stack import StackState
from streamproof.services.ports import PortReservation
from streamproof.services.stack import StackSpec, own_identity, start_stack, stop_stack

HERE = Path(__file__).parent
PASSWORDS = ("s3cret-ch", "s3cret-kafka")


@dataclass(frozen=True)
class Outside:
    """The services, and where their broker asks for a login."""

    state: StackState
    login_servers: str

    def environment(self, user: str = "runner", database: str = "default") -> dict[str, str]:
        """The variables that name these services, ClickHouse as `user`, Kafka with a login."""
        return {
            "CH_HOST": self.state.clickhouse_host,
            "CH_PORT": str(self.state.clickhouse_port),
            "CH_USER": user,
            "CH_PASSWORD": PASSWORDS[0],
            "CH_DATABASE": database,
            "KAFKA_BOOTSTRAP": self.login_servers,
            "KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
            "KAFKA_SASL_MECHANISM": "PLAIN",
            "KAFKA_SASL_USERNAME": "runner",
            "KAFKA_SASL_PASSWORD": PASSWORDS[1],
        }


@contextmanager
def outside_services(home: Path, folder: Path, cache_dir: Path, *, kafka_kind: str = "broker") -> Iterator[Outside]:
    """Start the services with the users of this folder, and stop them afterwards."""
    with PortReservation({"login": 0}) as held:
        port = held.ports["login"]
    project = guarded_home(home, folder / "home", port)
    spec = StackSpec(
        name="outside",
        folder=str(folder / "stack"),
        cache_dir=str(cache_dir),
        home=str(project),
        kafka_kind=kafka_kind,
        owner=own_identity(),
    )
    state = start_stack(spec, timeout=90)
    try:
        yield Outside(state, f"127.0.0.1:{port}")
    finally:
        stop_stack(spec.root, timeout=30)


def guarded_home(home: Path, folder: Path, login_port: int) -> Path:
    """Make a project folder like `home` whose services know users and rights."""
    (folder / "include").mkdir(parents=True)
    for part in (home / "include").iterdir():
        if part.name != "stack":
            (folder / "include" / part.name).symlink_to(part)
    stack = folder / "include" / "stack"
    shutil.copytree(home / "include" / "stack", stack)
    fragment = (HERE / "users.xml").read_text()
    users = stack / "clickhouse" / "users.xml"
    text = users.read_text()
    for name in ("users", "profiles"):
        inner = re.search(rf"<{name}>(.*)</{name}>", fragment, re.DOTALL)
        assert inner is not None
        assert text.count(f"<{name}>") == 1
        text = text.replace(f"<{name}>", f"<{name}>{inner[1]}", 1)
    users.write_text(text)
    config = stack / "clickhouse" / "config.xml"
    config.write_text(config.read_text().replace("</clickhouse>", f"{(HERE / 'access.xml').read_text()}</clickhouse>"))
    _ask_for_login(stack / "kafka" / "server.properties", login_port)
    return folder


def _ask_for_login(properties: Path, port: int) -> None:
    login = f"SASL_PLAINTEXT://127.0.0.1:{port}"
    text = re.sub(r"^((?:advertised\.)?listeners=.*)$", rf"\1,{login}", properties.read_text(), flags=re.MULTILINE)
    text = text.replace("PLAINTEXT:PLAINTEXT", "PLAINTEXT:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT", 1)
    properties.write_text(text + (HERE / "login.properties").read_text())
