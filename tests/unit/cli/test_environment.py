"""What the CLI takes from the environment, and the window options."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from streamproof.cli.environment import (
    clickhouse_settings,
    connections,
    flink_settings,
    kafka_settings,
    read_environment,
    warehouse_settings,
)
from streamproof.cli.options import named, window_from
from streamproof.model.errors import UsageError
from streamproof.model.settings import WarehouseSettings

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_defaults(home):
    place = read_environment({})
    assert place.home == home
    assert place.artifacts == home / "artifacts/test-runs"
    assert place.cache_dir == Path.home() / ".cache/streamproof"
    assert place.java is None
    settings = clickhouse_settings({})
    assert (settings.host, settings.port, settings.user, settings.database) == ("localhost", 8123, "default", "default")


def test_everything_can_be_given(home, tmp_path):
    place = read_environment({
        "STREAMPROOF_HOME": str(home), "XDG_CACHE_HOME": str(tmp_path), "STREAMPROOF_JAVA": "/jre",
        "STREAMPROOF_ARTIFACTS": str(tmp_path / "runs"),
    })  # fmt: skip
    assert (place.cache_dir, place.java, place.artifacts) == (tmp_path / "streamproof", "/jre", tmp_path / "runs")
    settings = clickhouse_settings({
        "CH_HOST": "h", "CH_PORT": "9", "CH_DATABASE": "d", "CH_USER": "u", "CH_PASSWORD": "p", "CH_SECURE": "Yes",
    })  # fmt: skip
    assert (settings.host, settings.port, settings.database, settings.user) == ("h", 9, "d", "u")
    assert (settings.password, settings.secure, settings.url) == ("p", True, "https://h:9")
    assert clickhouse_settings({"CH_SECURE": "1"}).port == 8443
    assert kafka_settings(None, {"KAFKA_BOOTSTRAP": "a:1"}).bootstrap_servers == "a:1"
    assert kafka_settings("b:2", {"KAFKA_BOOTSTRAP": "a:1"}).bootstrap_servers == "b:2"


def test_windows():
    assert window_from(None, None, None, now=NOW) is None
    assert window_from(None, None, 2, now=NOW).as_json()["from_ts"] == "2026-03-01T10:00:00.000Z"
    assert window_from("2026-01-01", "2026-01-02", None, now=NOW).as_json()["to_ts"] == "2026-01-02T00:00:00.000Z"
    for arguments in (("2026-01-01", None, None), ("2026-01-01", "2026-01-02", 3), (None, None, -1)):
        with pytest.raises(UsageError):
            window_from(*arguments, now=NOW)


def test_repeatable_options_take_commas():
    assert named(["a,b", " c ", ","]) == ("a", "b", "c")
    assert named(None) == ()


def test_tls_and_sasl_options_pass_through():
    settings = kafka_settings(None, {
        "KAFKA_BOOTSTRAP": "a:1", "KAFKA_SECURITY_PROTOCOL": "SASL_SSL", "KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
        "KAFKA_SASL_USERNAME": "u", "KAFKA_SASL_PASSWORD": "hush", "KAFKA_SSL_CA_LOCATION": "/ca.pem",
        "KAFKA_SSL_KEY_PASSWORD": "", "KAFKA_HEAP_OPTS": "-Xmx1g", "KAFKA_BOOTSTRAP_FROM_CLICKHOUSE": "b:2",
    })  # fmt: skip
    assert settings.client_config() == {
        "bootstrap.servers": "a:1", "security.protocol": "SASL_SSL", "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": "u", "sasl.password": "hush", "ssl.ca.location": "/ca.pem",
    }  # fmt: skip
    assert "hush" not in repr(settings)


def test_external_services_are_named_never_guessed(tmp_path):
    with pytest.raises(UsageError, match="No ClickHouse is named"):
        connections(warehouse="clickhouse", kafka=False, environ={"KAFKA_BOOTSTRAP": "a:1"})
    with pytest.raises(UsageError, match="No Kafka is named"):
        connections(warehouse="clickhouse", kafka=True, environ={"CH_HOST": "h"})
    assert connections(warehouse="clickhouse", kafka=False, environ={"CH_HOST": "h"}).kafka is None
    both = {"CH_HOST": "h", "KAFKA_BOOTSTRAP": "a:1"}
    assert connections(warehouse="clickhouse", kafka=True, environ=both).kafka_from_clickhouse == "a:1"
    inside = {**both, "KAFKA_BOOTSTRAP_FROM_CLICKHOUSE": "kafka:9092"}
    assert connections(warehouse="clickhouse", kafka=True, environ=inside).kafka_from_clickhouse == "kafka:9092"
    authorities = tmp_path / "ca.pem"
    with pytest.raises(UsageError, match="CH_CA_CERT"):
        clickhouse_settings({"CH_CA_CERT": str(authorities)})
    authorities.touch()
    settings = clickhouse_settings({"CH_CA_CERT": str(authorities), "CH_VERIFY": "no"})
    assert (settings.ca_cert, settings.verify) == (str(authorities), False)
    with pytest.raises(UsageError, match="CH_VERIFY"):
        clickhouse_settings({"CH_VERIFY": "perhaps"})


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"CH_PORT": "99999"}, "CH_PORT is '99999'."),
        ({"CH_PORT": "x"}, "CH_PORT is 'x'."),
        ({"CH_SECURE": "perhaps"}, "CH_SECURE is 'perhaps'."),
    ],
)
def test_a_variable_that_is_wrong_is_named(environ, message):
    with pytest.raises(UsageError) as refused:
        clickhouse_settings(environ)
    assert refused.value.message == message
    assert refused.value.hint


def test_a_variable_that_is_empty_is_not_set():
    assert clickhouse_settings({"CH_PORT": "", "CH_SECURE": ""}).port == 8123
    assert read_environment({"STREAMPROOF_ARTIFACTS": ""}) == read_environment({})


def test_packs_are_found_by_name_in_more_folders(home, tmp_path):
    (tmp_path / "more" / "counter").mkdir(parents=True)
    (tmp_path / "more" / "counter" / "pack.yaml").touch()
    place = read_environment({"STREAMPROOF_PACKS": f"{tmp_path / 'nowhere'}:{tmp_path / 'more'}"})

    assert place.packs.names() == ("counter", "livepeer", "market")
    assert place.packs.default_name == "livepeer"
    assert read_environment({"STREAMPROOF_DEFAULT_PACK": "counter"}).packs.default_name == "counter"


def test_flink_is_named_by_its_rest_interface(tmp_path):
    authorities = tmp_path / "ca.pem"
    authorities.touch()
    given = {
        "FLINK_REST": "https://flink:8081/", "FLINK_USER": "u", "FLINK_PASSWORD": "hush", "FLINK_VERIFY": "no",
        "FLINK_CA_CERT": str(authorities), "https_proxy": "proxy:3128",
    }  # fmt: skip
    settings = flink_settings(None, given)
    assert (settings.url, settings.user, settings.password) == ("https://flink:8081", "u", "hush")
    assert (settings.ca_cert, settings.verify, settings.proxy) == (str(authorities), False, "http://proxy:3128")
    assert flink_settings("127.0.0.1:1", {**given, "http_proxy": "proxy:3128"}).proxy is None
    assert connections(warehouse="clickhouse", kafka=False, environ={**given, "CH_HOST": "h"}).flink is None
    all_three = {**given, "CH_HOST": "h", "KAFKA_BOOTSTRAP": "a:1"}
    found = connections(warehouse="clickhouse", kafka=True, flink=True, environ=all_three)
    assert (found.flink, found.source) == (settings, "the environment (CH_*, KAFKA_*, FLINK_*)")


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({}, "No Flink is named"),
        ({"FLINK_REST": "http://u:hush@flink:8081"}, "it holds a user or a password"),
        ({"FLINK_REST": "f:1", "FLINK_VERIFY": "perhaps"}, "FLINK_VERIFY is 'perhaps'"),
        ({"FLINK_REST": "f:1", "FLINK_CA_CERT": "/nowhere.pem"}, "FLINK_CA_CERT is '/nowhere.pem'"),
    ],
)
def test_a_flink_that_cannot_be_used_is_refused(environ, message):
    with pytest.raises(UsageError, match=message) as refused:
        flink_settings(None, environ)
    assert refused.value.hint
    assert "hush" not in f"{refused.value.message} {refused.value.hint}"


def test_a_postgresql_is_named_by_the_variables_of_its_own_programs(tmp_path):
    authorities = tmp_path / "ca.pem"
    authorities.touch()
    given = {"PGHOST": "db", "PGPORT": "5433", "PGUSER": "u", "PGPASSWORD": "p", "PGDATABASE": "d", "CH_HOST": "other"}
    found = connections(warehouse="postgres", kafka=False, environ=given)
    assert found.warehouse == WarehouseSettings("db", 5433, user="u", password="p", database="d")
    assert found.source == "the environment (PG*)"
    safe = warehouse_settings("postgres", {**given, "PGSSLMODE": "verify-full", "PGSSLROOTCERT": str(authorities)})
    assert (safe.secure, safe.verify, safe.ca_cert) == (True, True, str(authorities))
    assert not warehouse_settings("postgres", {**given, "PGSSLMODE": "require"}).verify
    assert warehouse_settings("postgres", {}) == WarehouseSettings(
        "localhost", 5432, user="postgres", database="postgres"
    )
    assert warehouse_settings("clickhouse", given).host == "other"


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"CH_HOST": "h"}, "No PostgreSQL is named"),
        ({"PGHOST": "h", "PGPORT": "0"}, "PGPORT is '0'"),
        ({"PGHOST": "h", "PGSSLMODE": "on"}, "PGSSLMODE is 'on'"),
        ({"PGHOST": "h", "PGSSLROOTCERT": "/nowhere"}, "PGSSLROOTCERT is '/nowhere'"),
    ],
)
def test_a_wrong_variable_of_postgresql_is_named(given, named):
    with pytest.raises(UsageError, match=named):
        connections(warehouse="postgres", kafka=False, environ=given)
