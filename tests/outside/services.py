"""Kafka and ClickHouse as somebody else runs them: with users, passwords, rights and TLS."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from streamproof.model.stack import StackState
from streamproof.runtime.ports import PortReservation
from streamproof.runtime.stack import StackSpec, own_identity, start_stack, stop_stack
from tests.outside.tls import Certificate, tls_proxy, write_certificate

HERE = Path(__file__).parent
PASSWORDS = ("s3cret-ch", "s3cret-kafka")


@dataclass(frozen=True)
class Outside:
    """The services, and where they ask for a login: the broker in the clear and by TLS, ClickHouse's port for TLS.

    `authority` is the file of the authority that has signed their certificate.
    """

    state: StackState
    login_servers: str
    tls_login_servers: str
    https_port: int
    authority: Path

    def environment(self, user: str = "runner", database: str = "default") -> dict[str, str]:
        """The variables that name these services by TLS, ClickHouse as `user`, Kafka with a login."""
        return {
            "CH_HOST": self.state.clickhouse_host,
            "CH_PORT": str(self.https_port),
            "CH_SECURE": "true",
            "CH_CA_CERT": str(self.authority),
            "CH_USER": user,
            "CH_PASSWORD": PASSWORDS[0],
            "CH_DATABASE": database,
            "KAFKA_BOOTSTRAP": self.tls_login_servers,
            "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
            "KAFKA_SSL_CA_LOCATION": str(self.authority),
            "KAFKA_SASL_MECHANISM": "PLAIN",
            "KAFKA_SASL_USERNAME": "runner",
            "KAFKA_SASL_PASSWORD": PASSWORDS[1],
        }


@contextmanager
def outside_services(home: Path, folder: Path, cache_dir: Path, *, kafka_kind: str = "broker") -> Iterator[Outside]:
    """Start the services with the users of this folder, and stop them afterwards."""
    with PortReservation(dict.fromkeys(("login", "tls_login"), 0)) as held:
        ports = dict(held.ports)
    folder.joinpath("home").mkdir()
    certificate = write_certificate(folder)
    project = guarded_home(home, folder / "home", ports, certificate)
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
        login, tls_login = (f"127.0.0.1:{ports[name]}" for name in ("login", "tls_login"))
        # The engine inside the wheel cannot listen by TLS itself.
        with tls_proxy(certificate, state.clickhouse_port) as https_port:
            yield Outside(state, login, tls_login, https_port, certificate.authority)
    finally:
        stop_stack(spec.root, timeout=30)


def guarded_home(home: Path, folder: Path, ports: Mapping[str, int], certificate: Certificate) -> Path:
    """Make a project folder like `home` whose services know users, rights and TLS."""
    (folder / "include").mkdir()
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
    access = (HERE / "access.xml").read_text()
    # ClickHouse's own consumer trusts whom its administrator trusts.
    trusted = f"<kafka><ssl_ca_location>{certificate.authority}</ssl_ca_location>"
    config.write_text(
        config.read_text().replace("</clickhouse>", f"{access}</clickhouse>").replace("<kafka>", trusted, 1)
    )
    _ask_for_login(stack / "kafka" / "server.properties", ports, certificate)
    return folder


def _ask_for_login(properties: Path, ports: Mapping[str, int], certificate: Certificate) -> None:
    names = {"SASL_PLAINTEXT": ports["login"], "SASL_SSL": ports["tls_login"]}
    listeners = "".join(f",{name}://127.0.0.1:{port}" for name, port in names.items())
    text = re.sub(r"^((?:advertised\.)?listeners=.*)$", rf"\1{listeners}", properties.read_text(), flags=re.MULTILINE)
    protocols = "".join(f",{name}:{name}" for name in names)
    text = text.replace("PLAINTEXT:PLAINTEXT", f"PLAINTEXT:PLAINTEXT{protocols}", 1)
    login = (HERE / "login.properties").read_text().format(keystore=certificate.key_and_certificate)
    properties.write_text(text + login)
