"""Airflow's connections as plain settings."""

from __future__ import annotations

import json

import pytest

from streamproof.airflow.connections import resolve_connections, resolver, with_connections
from streamproof.airflow.settings import read_settings
from streamproof.model.errors import StackError
from streamproof.model.settings import FlinkSettings, WarehouseSettings
from streamproof.runs.context import RunContext

CLICKHOUSE = {
    "conn_type": "clickhouse", "host": "ch", "port": 8443, "login": "u", "password": "hush", "schema": "db",
    "extra": {"secure": True, "client_kwargs": {"ca_cert": "/ca.pem"}},
}  # fmt: skip
KAFKA = {
    "conn_type": "kafka",
    "extra": {
        "bootstrap.servers": "k:9092", "security.protocol": "SASL_SSL", "sasl.password": "hush", "group.id": "other",
        "auto.offset.reset": "latest", "error_cb": "some.callback",
    },
}  # fmt: skip

FLINK = {
    "conn_type": "http", "schema": "https", "host": "flink", "port": 8081, "login": "u", "password": "hush",
    "extra": {"verify": "/ca.pem"},
}  # fmt: skip

HERE = {"warehouse": "clickhouse"}


@pytest.fixture
def defined(monkeypatch):
    """Define both connections in the environment; return a function that defines one of them otherwise."""

    def define(name: str, connection: dict) -> None:
        monkeypatch.setenv(f"AIRFLOW_CONN_{name}", json.dumps(connection))

    define("CLICKHOUSE_DEFAULT", CLICKHOUSE)
    define("KAFKA_DEFAULT", KAFKA)
    define("FLINK_DEFAULT", FLINK)
    return define


def test_both_connections_become_settings(defined):
    found = resolve_connections(read_settings({"KAFKA_BOOTSTRAP_FROM_CLICKHOUSE": "kafka:9092"}), **HERE, kafka=True)

    clickhouse = found.warehouse
    assert (clickhouse.url, clickhouse.user, clickhouse.database) == ("https://ch:8443", "u", "db")
    assert (clickhouse.password, clickhouse.ca_cert, clickhouse.verify) == ("hush", "/ca.pem", True)
    assert found.kafka is not None
    assert found.kafka.client_config() == {
        "bootstrap.servers": "k:9092", "security.protocol": "SASL_SSL", "sasl.password": "hush",
    }  # fmt: skip
    assert found.kafka_from_clickhouse == "kafka:9092"
    assert "clickhouse_default" in found.source
    assert "hush" not in repr(found)


def test_other_connections_may_be_named(defined):
    defined("WAREHOUSE", {**CLICKHOUSE, "host": "elsewhere"})

    found = resolve_connections(read_settings({"STREAMPROOF_CLICKHOUSE_CONN_ID": "warehouse"}), **HERE, kafka=False)

    assert found.warehouse.host == "elsewhere"
    assert found.kafka is None


def test_a_connection_that_is_missing_or_says_too_little_is_named(defined):
    with pytest.raises(StackError, match="no usable connection nowhere"):
        resolve_connections(read_settings({"STREAMPROOF_CLICKHOUSE_CONN_ID": "nowhere"}), **HERE, kafka=False)
    defined("KAFKA_DEFAULT", {"conn_type": "kafka", "extra": {"group.id": "g"}})
    with pytest.raises(StackError, match="kafka_default names no brokers"):
        resolver(**HERE, kafka=True)()


def test_only_a_run_on_outside_services_is_given_connections(make_run, defined):
    folder, _ = make_run()
    own = RunContext.open(folder.root)
    assert with_connections(own) is own
    folder, _ = make_run(mode="observe", stack="external")
    assert with_connections(RunContext.open(folder.root)).database_settings().host == "ch"


def test_flink_is_a_connection_of_type_http(defined):
    found = resolve_connections(read_settings({}), **HERE, kafka=True, flink=True)

    assert found.flink == FlinkSettings("https://flink:8081", "u", "hush", ca_cert="/ca.pem")
    assert found.source.endswith("and flink_default")
    assert "hush" in found.secrets()
    assert resolve_connections(read_settings({}), **HERE, kafka=True).flink is None
    defined("OTHER", {"conn_type": "http", "host": "http://other:1/", "extra": {"verify": False, "ca_cert": "/c"}})
    other = resolve_connections(
        read_settings({"STREAMPROOF_FLINK_CONN_ID": "other"}), **HERE, kafka=False, flink=True
    ).flink
    assert other == FlinkSettings("http://other:1", ca_cert="/c", verify=False)


def test_a_flink_connection_that_is_no_address_is_named(defined):
    defined("FLINK_DEFAULT", {"conn_type": "http", "host": "", "password": "hush"})
    with pytest.raises(StackError, match="flink_default is no address"):
        resolver(**HERE, kafka=False, flink=True)()


def test_a_pack_with_postgresql_gets_its_connection(defined):
    connection = {"conn_type": "postgres", "host": "db", "login": "u", "password": "hush", "schema": "d"}
    defined("POSTGRES_DEFAULT", {**connection, "extra": {"sslmode": "verify-full", "sslrootcert": "/ca.pem"}})
    found = resolve_connections(read_settings({}), warehouse="postgres", kafka=True)
    assert found.warehouse == WarehouseSettings(
        "db", 5432, user="u", password="hush", database="d", secure=True, ca_cert="/ca.pem"
    )
    assert found.source == "the Airflow connections postgres_default and kafka_default"
    defined("OTHER", {**connection, "port": 5433, "extra": {"sslmode": "require"}})
    other = resolve_connections(
        read_settings({"STREAMPROOF_POSTGRES_CONN_ID": "other"}), warehouse="postgres", kafka=False
    )
    assert (other.warehouse.port, other.warehouse.secure, other.warehouse.verify) == (5433, True, False)
