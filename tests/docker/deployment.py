"""The project as a user brings it up with `docker compose`, on ports of its own."""

from __future__ import annotations

from collections.abc import Mapping

from engine import HOME, run

from streamproof.model.settings import WarehouseSettings
from streamproof.runtime.compose.cli import find_compose
from streamproof.runtime.ports import PortReservation

PORTS = (
    "KAFKA_PORT",
    "CLICKHOUSE_HTTP_PORT",
    "CLICKHOUSE_TCP_PORT",
    "AIRFLOW_PORT",
    "MAILPIT_SMTP_PORT",
    "MAILPIT_UI_PORT",
)
# Characters that YAML, JSON, XML and a shell each read in their own way.
PASSWORD = "not & <so> #secret"


class Deployment:
    """One Compose project with what .env.template says, but for ports, the password and `settings`."""

    def __init__(self, project: str, env: Mapping[str, str], settings: Mapping[str, str]) -> None:
        self.project = project
        with PortReservation(dict.fromkeys(PORTS, 0)) as held:
            self.ports = {name: str(port) for name, port in held.ports.items()}
        self.env = {**env, **self.ports, "CLICKHOUSE_PASSWORD": PASSWORD, **settings}
        self.warehouse = WarehouseSettings(
            "127.0.0.1", int(self.ports["CLICKHOUSE_HTTP_PORT"]), "analytics_user", PASSWORD, "livepeer_analytics"
        )

    def compose(self, *arguments: str) -> str:
        """Run `docker compose` and return what it prints."""
        options = ("--project-name", self.project, "--env-file", str(HOME / ".env.template"))
        return run(*find_compose(self.env), *options, *arguments, env=self.env).stdout

    def down(self) -> None:
        """Take everything down."""
        self.compose("--profile", "*", "down", "--volumes", "--timeout", "5")
