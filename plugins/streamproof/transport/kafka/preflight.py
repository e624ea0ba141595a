"""Check brokers that the run did not start: whether they answer, have none of its names, and let it create topics.

The checks create nothing: the brokers only validate the request.
"""

from __future__ import annotations

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from streamproof.model.errors import StackError
from streamproof.model.settings import KafkaSettings
from streamproof.model.waiting import Probe, wait_until
from streamproof.transport.kafka.admin import admin_of
from streamproof.transport.kafka.interrupts import deferred_interrupts
from streamproof.transport.kafka.topics import create_topics

ANSWER_TIMEOUT_SEC = 10.0
# The first request about a group makes a new cluster create its internal topic of offsets, which takes time.
LOOK_TIMEOUT_SEC = 5.0
COORDINATOR_TIMEOUT_SEC = 45.0
_ABSENT = frozenset({KafkaError.GROUP_ID_NOT_FOUND})
# Brokers that have just started have no coordinator yet. The request is repeated.
_NOT_YET = frozenset(
    {KafkaError.COORDINATOR_NOT_AVAILABLE, KafkaError.COORDINATOR_LOAD_IN_PROGRESS, KafkaError.NOT_COORDINATOR}
)


def check_kafka(settings: KafkaSettings, topics: tuple[str, ...], groups: tuple[str, ...], *, source: str) -> str:
    """Check the brokers and return a description of the cluster.

    Raises StackError when they do not answer or refuse the login, a topic or group exists already, or the user may not
    create topics.
    """
    errors: list[str] = []
    admin = admin_of(settings, errors)
    try:
        cluster = admin.list_topics(timeout=ANSWER_TIMEOUT_SEC)
    except KafkaException as error:
        with deferred_interrupts():
            admin.poll(0)
        said = errors[-1] if errors else error.args[0].str()
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
                    f"Kafka does not describe consumer group {group}: {error.args[0].name()}.",
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
