"""Before a run touches services that it did not start: do they answer, are they new enough, may it do what it will do.

Nothing is created: the brokers are asked whether they would, ClickHouse what it has granted.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from streamproof.model.errors import StackError, WarehouseError
from streamproof.model.settings import ClickHouseSettings, KafkaSettings
from streamproof.services.clickhouse import connect, refusals, rows
from streamproof.services.topics import create_topics
from streamproof.services.waiting import Probe, wait_until

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

ANSWER_TIMEOUT_SEC = 10.0
# The first group that a new cluster is asked about makes it create the topic that groups are kept in.
LOOK_TIMEOUT_SEC = 5.0
COORDINATOR_TIMEOUT_SEC = 45.0
# Long-term releases that know every statement and setting of a run; what is tested is told in docs/stacks.md.
OLDEST_CLICKHOUSE = (25, 3)
# What a run does in its own database, and what it looks at outside of it.
_IN_DATABASE = (
    "CREATE DATABASE", "DROP DATABASE", "CREATE TABLE", "CREATE VIEW", "DROP TABLE", "DROP VIEW", "SELECT", "INSERT",
)  # fmt: skip
_ELSEWHERE = (
    "SELECT ON system.tables", "SELECT ON system.columns", "SELECT ON system.databases", "SELECT ON system.parts",
    "SELECT ON system.processes", "SELECT ON system.asynchronous_inserts", "SELECT ON system.kafka_consumers",
    "READ, WRITE ON KAFKA",
)  # fmt: skip
_ABSENT = frozenset({KafkaError.GROUP_ID_NOT_FOUND})
# Brokers that have just started have no coordinator yet: not an answer.
_NOT_YET = frozenset(
    {KafkaError.COORDINATOR_NOT_AVAILABLE, KafkaError.COORDINATOR_LOAD_IN_PROGRESS, KafkaError.NOT_COORDINATOR}
)


def admin_of(settings: KafkaSettings, heard: list[str] | None = None) -> AdminClient:
    """Return a quiet admin client; what it complains of in the background goes to `heard`. Raises StackError."""
    config = settings.client_config()
    if heard is not None:
        config["error_cb"] = lambda error: heard.append(str(error.str()))
    try:
        return AdminClient({**config, "log_level": 0})
    except KafkaException as error:
        raise StackError(
            f"The Kafka client does not take these settings: {error.args[0].str()}.",
            hint="KAFKA_* and the connection's extra are librdkafka's properties: see docs/stacks.md.",
        ) from None


def check_kafka(settings: KafkaSettings, topics: tuple[str, ...], groups: tuple[str, ...], *, source: str) -> str:
    """Check the brokers and return in words what they are.

    Raises StackError: no answer, a refused login, a topic or group that is there, or no right to create topics.
    """
    heard: list[str] = []
    admin = admin_of(settings, heard)
    try:
        cluster = admin.list_topics(timeout=ANSWER_TIMEOUT_SEC)
    except KafkaException as error:
        admin.poll(0)
        said = heard[-1] if heard else error.args[0].str()
        raise StackError(
            f"Kafka at {settings.bootstrap_servers} does not answer: {said}.",
            hint=f"The address and the login come from {source}. Is it running, and are TLS and SASL set right?",
        ) from None
    taken = sorted(set(topics) & cluster.topics.keys())
    if taken:
        raise StackError(
            f"Kafka at {settings.bootstrap_servers} already has topic {', '.join(taken)}.",
            hint="Choose another --run-id. streamproof never uses a topic that it did not create.",
        )
    create_topics(admin, topics, timeout=ANSWER_TIMEOUT_SEC, rehearse=True)
    for group in groups:
        _refuse_taken_group(admin, group)
    brokers = len(cluster.brokers)
    return f"cluster {cluster.cluster_id}, {brokers} broker{'s' * (brokers != 1)}"


def _refuse_taken_group(admin: AdminClient, group: str) -> None:
    states: list[str] = []

    def look() -> Probe:
        answer = admin.describe_consumer_groups([group], request_timeout=LOOK_TIMEOUT_SEC)[group]
        try:
            states.append(str(answer.result(timeout=ANSWER_TIMEOUT_SEC).state.name))
        except KafkaException as error:
            code = error.args[0].code()
            if code in _NOT_YET:
                return Probe(False, f"its coordinator ({error.args[0].name()})")
            if code not in _ABSENT:
                raise StackError(
                    f"Kafka does not tell about consumer group {group}: {error.args[0].name()}.",
                    hint="Let the Kafka user describe, read and delete groups of this name.",
                ) from None
        except TimeoutError:
            return Probe(False, "an answer")
        return Probe(True)

    wait_until(
        look, timeout=COORDINATOR_TIMEOUT_SEC, message=f"consumer group {group}", hint="Are the brokers starting?"
    )
    if states and states[-1] != "DEAD":
        raise StackError(
            f"Kafka already has consumer group {group}.",
            hint="Choose another --run-id. streamproof never uses a group that it did not create.",
        )


def connect_outside(settings: ClickHouseSettings, *, source: str) -> Client:
    """Open a client on a server that the run did not start. Raises WarehouseError that tells where to look."""
    try:
        return connect(settings)
    except WarehouseError as error:
        raise WarehouseError(
            error.message, hint=f"The connection comes from {source}. Are host, port, user and database right?"
        ) from None


def check_clickhouse(settings: ClickHouseSettings, database: str, engines: Iterable[str], *, source: str) -> str:
    """Check the server and return its version; `engines` are the table engines that the run's schema names.

    Raises WarehouseError: no answer, too old, a user that may only read, a right that is missing, a database that is
    there.
    """
    client = connect_outside(settings, source=source)
    try:
        _refuse_old(client)
        _refuse_reader(client, settings.user)
        engine_rights = [f"TABLE ENGINE ON {engine}" for engine in engines]
        in_database = [f"{right} ON {database}.*" for right in _IN_DATABASE]
        _refuse_missing_rights(client, settings.user, [*in_database, *engine_rights, *_ELSEWHERE])
        taken = rows(client, "SELECT 1 FROM system.databases WHERE name = {name:String}", {"name": database})
        if taken:
            raise WarehouseError(
                f"ClickHouse at {settings.url} already has database {database}.",
                hint="Choose another --run-id. streamproof never touches a database that it did not create.",
            )
        return str(client.server_version)
    finally:
        client.close()


def _refuse_old(client: Client) -> None:
    version = str(client.server_version)
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdecimal())
    if numbers < OLDEST_CLICKHOUSE:
        oldest = ".".join(map(str, OLDEST_CLICKHOUSE))
        raise WarehouseError(f"ClickHouse {version} is too old.", hint=f"A run needs {oldest} or newer.")


def _refuse_reader(client: Client, user: str) -> None:
    profile = client.server_settings.get("readonly")
    if profile is not None and profile.value != "0":
        raise WarehouseError(
            f"ClickHouse user {user} may only read (readonly = {profile.value} in its profile).",
            hint="A run writes to a database of its own: give another user, or look with --mode observe.",
        )


def _refuse_missing_rights(client: Client, user: str, wanted: Iterable[str]) -> None:
    missing = [right for right in wanted if not _is_granted(client, right)]
    if missing:
        raise WarehouseError(
            f"ClickHouse user {user} lacks these rights: {'; '.join(missing)}.",
            hint="docs/stacks.md has the GRANT statements. Databases of runs are named sp_<pack>_<run id>.",
        )


def _is_granted(client: Client, right: str) -> bool:
    with refusals("ClickHouse does not tell what is granted", hint=f"The question was: CHECK GRANT {right}"):
        # The driver knows it for no query, so it is asked as a command, which returns the one value.
        return str(client.command(f"CHECK GRANT {right}")).strip() == "1"
