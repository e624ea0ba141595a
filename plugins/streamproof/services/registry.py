"""The services of local stacks by name, and the services of each kind of stack."""

from __future__ import annotations

from collections.abc import Mapping

from streamproof.runtime.compose.services import ComposeServices
from streamproof.runtime.stack_spec import BROKER, CLICKHOUSE, MOCK, POSTGRES, PROCESSOR, SOURCE, StackSpec
from streamproof.runtime.supervisor import Services
from streamproof.services.base import Service
from streamproof.services.clickhouse_server import ClickHouseServer
from streamproof.services.flink_cluster import FlinkCluster
from streamproof.services.kafka_broker import KafkaBroker
from streamproof.services.kafka_mock import KafkaMock
from streamproof.services.local_services import LocalServices
from streamproof.services.outside_services import OutsideServices
from streamproof.services.postgres.server import PostgresServer
from streamproof.services.processor_process import ProcessorProcess
from streamproof.services.sources.beside_containers import SourceBesideContainers
from streamproof.services.sources.http_source import HttpSource

# The service that is the warehouse has the name of its kind.
KAFKA, KAFKA_MOCK, FLINK = "kafka", "kafka-mock", "flink"
SERVICES: Mapping[str, type[Service]] = {
    KAFKA: KafkaBroker,
    KAFKA_MOCK: KafkaMock,
    CLICKHOUSE: ClickHouseServer,
    POSTGRES: PostgresServer,
    FLINK: FlinkCluster,
    SOURCE: HttpSource,
    PROCESSOR: ProcessorProcess,
}


def services_of(spec: StackSpec, env: Mapping[str, str], timeout: float) -> Services:
    """Return the services of a stack, not yet started, with their ports reserved. Raises StackError.

    `env` is their basic environment, secrets included; `timeout` is in seconds.
    """
    if spec.outside:
        return OutsideServices(spec, env)
    if spec.compose:
        return (SourceBesideContainers if spec.source else ComposeServices)(spec, env, timeout)
    wanted = {
        KAFKA: spec.kafka_kind == BROKER,
        KAFKA_MOCK: spec.kafka_kind == MOCK,
        spec.warehouse: True,
        FLINK: spec.flink is not None,
        SOURCE: spec.source is not None,
        PROCESSOR: spec.processor is not None,
    }
    return LocalServices(spec, {name: SERVICES[name] for name in wanted if wanted[name]}, env, timeout)
