"""Create and delete the topics and consumer groups of a run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, NewTopic

from streamproof.model.errors import StackError
from streamproof.model.waiting import Probe, wait_until
from streamproof.transport.base import ONE_EACH

# Captured events are old and must not expire; replayed events may have times in the future and must be accepted. The
# message to a reject topic contains the whole rejected record, which may have been rejected for its size.
TOPIC_CONFIG = {
    "retention.ms": "-1",
    "message.timestamp.after.max.ms": str((1 << 63) - 1),
    "max.message.bytes": "67108864",
}
BROKERS_DEFAULT = -1

_GONE = frozenset({KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError.GROUP_ID_NOT_FOUND})
# A stopped member belongs to its group until its session ends; or the broker is electing a coordinator.
_NOT_YET = frozenset(
    {
        KafkaError.NON_EMPTY_GROUP,
        KafkaError.COORDINATOR_NOT_AVAILABLE,
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
        KafkaError.NOT_COORDINATOR,
    }
)
_HINTS = {
    KafkaError.TOPIC_ALREADY_EXISTS: "Choose another --run-id. streamproof never uses a topic that it did not create.",
    KafkaError.TOPIC_AUTHORIZATION_FAILED: "Let the Kafka user create, write, read and delete topics of this name.",
    KafkaError.CLUSTER_AUTHORIZATION_FAILED: "Let the Kafka user create, write, read and delete topics of this name.",
    KafkaError.INVALID_CONFIG: "The brokers have to know retention.ms and message.timestamp.after.max.ms: Kafka 3.6.",
}


def create_topics(
    admin: AdminClient,
    names: Iterable[str],
    *,
    timeout: float,
    partitions: Mapping[str, int] = ONE_EACH,
    rehearse: bool = False,
) -> None:
    """Create topics without expiry, with the brokers' default replication.

    `partitions` are the numbers of partitions of topics that have more than one. When it returns, the topics are in the
    brokers' metadata. With `rehearse`, the brokers only check the request and create nothing. `timeout` is in seconds.
    Raises StackError that names the topic.
    """
    topics = [
        NewTopic(name, partitions.get(name, 1), replication_factor=BROKERS_DEFAULT, config=TOPIC_CONFIG)
        for name in names
    ]
    if not topics:
        return
    answers = admin.create_topics(topics, operation_timeout=timeout, request_timeout=timeout, validate_only=rehearse)
    for name, answer in answers.items():
        error = _failure(answer, timeout)
        if error is not None:
            code, said = error
            hint = _HINTS.get(code, "A topic name has letters, digits, '.', '_' and '-'.")
            raise StackError(f"Topic {name} cannot be created: {said}", hint=hint)
    if not rehearse:
        _wait_for_metadata(admin, frozenset(answers), timeout)


def _wait_for_metadata(admin: AdminClient, names: frozenset[str], timeout: float) -> None:
    """Wait until new topics are in the brokers' metadata: the controller answers before the brokers know them."""

    def look() -> Probe:
        try:
            missing = names - admin.list_topics(timeout=timeout).topics.keys()
        except KafkaException as error:
            return Probe(False, f"an answer to a metadata request ({error.args[0].str()})")
        return Probe(not missing, ", ".join(sorted(missing)))

    wait_until(look, timeout=timeout, message="new topics in the brokers' metadata", hint="Look at the brokers' logs.")


def delete_topics(admin: AdminClient, names: Iterable[str], *, timeout: float) -> None:
    """Delete topics. A topic that does not exist is ignored. Raises StackError that names the topic."""
    wanted = list(names)
    if not wanted:
        return
    answers = admin.delete_topics(wanted, operation_timeout=timeout, request_timeout=timeout)
    for name, answer in answers.items():
        error = _failure(answer, timeout)
        if error is not None and error[0] not in _GONE:
            raise StackError(f"Topic {name} cannot be deleted: {error[1]}", hint="Delete it by hand.")


def delete_groups(admin: AdminClient, names: Iterable[str], *, timeout: float) -> None:
    """Delete consumer groups, each as soon as its last member has left. Raises StackError that names the group."""
    remaining = list(names)

    def look() -> Probe:
        if remaining:
            answers = admin.delete_consumer_groups(list(remaining), request_timeout=timeout)
            for name, answer in answers.items():
                error = _failure(answer, timeout)
                if error is None or error[0] in _GONE:
                    remaining.remove(name)
                elif error[0] not in _NOT_YET:
                    raise StackError(f"Group {name} cannot be deleted: {error[1]}", hint="Delete it by hand.")
        return Probe(not remaining, f"no member in {', '.join(remaining)}")

    wait_until(look, timeout=timeout, message="the consumer groups to be deleted", hint="Delete them by hand.")


def _failure(answer: Any, timeout: float) -> tuple[int, str] | None:
    """Return the code and the message of an error, None when there was none."""
    try:
        answer.result(timeout)
    except KafkaException as error:
        return int(error.args[0].code()), str(error.args[0].str())
    except TimeoutError:
        return KafkaError._TIMED_OUT, "no answer in time"
    return None


def create_missing_topics(
    admin: AdminClient, names: Iterable[str], *, timeout: float, partitions: Mapping[str, int] = ONE_EACH
) -> list[str]:
    """Create the topics that do not exist and return their names. Raises StackError."""
    try:
        existing = admin.list_topics(timeout=timeout).topics
    except KafkaException as error:
        raise StackError(
            f"Kafka does not answer: {error.args[0].str()}.",
            hint="Is it running, and does it advertise an address that can be reached from here?",
        ) from None
    missing = [name for name in names if name not in existing]
    create_topics(admin, missing, timeout=timeout, partitions=partitions)
    return missing
