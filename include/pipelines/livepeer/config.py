"""The settings of a runner, from environment variables. A value that cannot be used is an error, never a default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import orjson

from pipelines.livepeer.errors import SettingsError

DEFAULT_DATABASE = "livepeer_analytics"
LEGACY_NAMES = "legacy_misnamed"


@dataclass(frozen=True, slots=True)
class SinkSettings:
    """ClickHouse over HTTP. `url` has neither path nor credentials.

    `max_batch_rows` and `max_batch_bytes` bound one insert request, `max_in_flight` the requests at a time. The default
    bounds are large because MergeTree creates a part for every request. `ca_cert` is a file of certificate authorities
    to trust instead of the system's. `verify` is off only when a setting says so.
    """

    url: str
    database: str
    user: str
    password: str = field(repr=False)
    max_batch_rows: int
    max_batch_bytes: int
    max_in_flight: int
    ca_cert: str | None = None
    verify: bool = True


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of the local runner.

    At most `max_records` records, or `max_collect_ms` milliseconds, are collected before they are written.
    `max_row_bytes`: the limit of the size guard. `versions`: the supported schema versions, empty for any.
    `status_file`: None for no status file. `state_dir`: where the sessions are saved, None to keep them in memory
    only. `kafka_options` are librdkafka properties of the connection (security.protocol, sasl.*, ssl.*); they may
    contain secrets.
    """

    bootstrap_servers: str
    input_topics: tuple[str, ...]
    dlq_topic: str
    quarantine_topic: str
    group_id: str
    dedup_ttl_ms: int
    versions: frozenset[str]
    ignore_unsupported: bool
    ignore_traces: bool
    rate_window_sec: int
    sink: SinkSettings
    max_records: int
    max_collect_ms: int
    max_row_bytes: int
    status_file: Path | None
    state_dir: Path | None
    kafka_options: Mapping[str, str] = field(default_factory=dict, repr=False)


def from_environment(environment: Mapping[str, str]) -> Settings:
    """Read the settings; the variables are those of the pipeline's contract. Raises SettingsError."""
    read = Reader(environment)
    _refuse_native_names(read.text("LIFECYCLE_PIPELINE_MODEL_MODE", LEGACY_NAMES))
    topics = read.items("QUALITY_INPUT_TOPICS", "") or read.items("QUALITY_INPUT_TOPIC", "streaming_events")
    status_file = read.text("PROCESSOR_STATUS_FILE", "")
    state_dir = read.text("PROCESSOR_STATE_DIR", "")
    return Settings(
        bootstrap_servers=read.text("QUALITY_KAFKA_BOOTSTRAP", "kafka:9092"),
        input_topics=topics,
        dlq_topic=read.text("QUALITY_DLQ_TOPIC", "events.dlq.streaming_events.v1"),
        quarantine_topic=read.text("QUALITY_QUARANTINE_TOPIC", "events.quarantine.streaming_events.v1"),
        group_id=read.text("QUALITY_GROUP_ID", "flink-quality-gate-v1"),
        dedup_ttl_ms=read.number("QUALITY_DEDUP_TTL_MINUTES", 1440) * 60_000,
        versions=frozenset(read.items("QUALITY_SUPPORTED_VERSIONS", "1,v1")),
        ignore_unsupported=read.choice("QUALITY_UNSUPPORTED_TYPES", "ignored", "dlq"),
        ignore_traces=read.choice("QUALITY_IGNORED_TRACES", "ignored", "judged"),
        rate_window_sec=read.number("QUALITY_METRICS_RATE_WINDOW_SEC", 60),
        sink=_sink(read),
        max_records=read.number("CLICKHOUSE_SINK_MAX_BUFFERED", 10_000),
        max_collect_ms=read.number("CLICKHOUSE_SINK_MAX_TIME_MS", 1000),
        max_row_bytes=read.number("CLICKHOUSE_SINK_MAX_RECORD_BYTES", 1_000_000),
        status_file=Path(status_file) if status_file else None,
        state_dir=Path(state_dir) if state_dir else None,
        kafka_options=read.properties("QUALITY_KAFKA_OPTIONS"),
    )


def _refuse_native_names(mode: str) -> None:
    """Refuse every reading of `data.pipeline` except as the label of a model, which is what the events contain.

    In native mode the field would contain the workflow class, and another field the model. No event family is written
    that way. If the field were read both as class and as model, it would match no capability.
    """
    if mode != LEGACY_NAMES:
        raise SettingsError(
            f"LIFECYCLE_PIPELINE_MODEL_MODE is {mode[:40]!r}, which is not offered.",
            hint=f"Leave it out or use {LEGACY_NAMES}: what samples call their pipeline is the label of a model.",
        )


def _sink(read: Reader) -> SinkSettings:
    """Read the ClickHouse settings. The database may also be the last segment of the URL's path."""
    url, in_path = _split_url(read.text("CLICKHOUSE_URL", "http://clickhouse:8123"))
    return SinkSettings(
        url=url,
        database=read.text("CLICKHOUSE_DATABASE", in_path or DEFAULT_DATABASE),
        user=read.text("CLICKHOUSE_USER", "analytics_user"),
        password=read.text("CLICKHOUSE_PASSWORD", ""),
        max_batch_rows=read.number("CLICKHOUSE_SINK_MAX_BATCH_SIZE", 10_000),
        max_batch_bytes=read.number("CLICKHOUSE_SINK_MAX_BATCH_BYTES", 16_000_000),
        max_in_flight=read.number("CLICKHOUSE_SINK_MAX_IN_FLIGHT", 2),
        ca_cert=read.text("CLICKHOUSE_CA_CERT", "") or None,
        verify=read.choice("CLICKHOUSE_VERIFY", "on", "off"),
    )


def _split_url(address: str) -> tuple[str, str]:
    """Return (scheme, host and port, last segment of the path); credentials in the address are left out."""
    try:
        url = urlsplit(address)
        port = f":{url.port}" if url.port else ""
    except ValueError:
        url, port = urlsplit(""), ""
    if url.scheme not in ("http", "https") or not url.hostname:
        raise SettingsError(
            "CLICKHOUSE_URL is not an http or https address.", hint="Use for example http://127.0.0.1:8123."
        )
    return f"{url.scheme}://{url.hostname}{port}", url.path.rstrip("/").rpartition("/")[2]


class Reader:
    """Reads variables of an environment; a variable that is set to nothing keeps its default, except for lists.

    Every method raises SettingsError for a value that cannot be used.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def text(self, name: str, default: str) -> str:
        """Return a text without blanks around it."""
        return self._environment.get(name, "").strip() or default

    def items(self, name: str, default: str) -> tuple[str, ...]:
        """Return the different items of a list that commas divide."""
        listed = self._environment.get(name, default).split(",")
        return tuple(dict.fromkeys(item.strip() for item in listed if item.strip()))

    def number(self, name: str, default: int) -> int:
        """Return a whole number above 0."""
        value = self.text(name, str(default))
        if not (value.isascii() and value.isdigit() and 0 < int(value[:19]) <= 10**15):
            raise SettingsError(
                f"{name} is {value[:40]!r}.", hint=f"Give a whole number above 0; unset means {default}."
            )
        return int(value)

    def properties(self, name: str) -> dict[str, str]:
        """Return a JSON object of strings. The value may be secret, so no error message shows it."""
        try:
            found = orjson.loads(self.text(name, "{}"))
        except orjson.JSONDecodeError:
            found = None
        if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
            raise SettingsError(
                f"{name} is not a JSON object of texts.", hint='Use for example {"security.protocol": "SASL_SSL"}.'
            )
        return found

    def choice(self, name: str, default: str, other: str) -> bool:
        """Return whether the variable has its default value rather than the other allowed one."""
        value = self.text(name, default)
        if value not in (default, other):
            raise SettingsError(f"{name} is {value[:40]!r}.", hint=f"Use {default} (the default) or {other}.")
        return value == default
