"""Topics and consumer groups of a run: made for it alone, and removed with it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, NewTopic

from streamproof.model.errors import StackError
from streamproof.model.waiting import Probe, wait_until

# Captured events are old, replayed ones may be stamped ahead: neither expires nor is refused. A reject carries the
# whole record that it rejects, some of which are rejected for their size.
TOPIC_CONFIG = {
    "retention.ms": "-1",
    "message.timestamp.after.max.ms": str((1 << 63) - 1),
    "max.message.bytes": "67108864",
}
BROKERS_DEFAULT = -1

_GONE = frozenset({KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError.GROUP_ID_NOT_FOUND})
# A member that was just stopped is a member until its session ends; a coordinator may be moving.
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
    rehearse: bool = False,
) -> None:
    """Create topics of one partition without expiry; with `rehearse` the brokers only say whether they would.

    They are replicated as the brokers do by default, and whoever asks the brokers for them afterwards finds them;
    `timeout` is in seconds. Raises StackError naming the topic.
    """
    topics = [
        NewTopic(name, num_partitions=1, replication_factor=BROKERS_DEFAULT, config=TOPIC_CONFIG) for name in names
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
        _wait_until_told(admin, frozenset(answers), timeout)


def _wait_until_told(admin: AdminClient, names: frozenset[str], timeout: float) -> None:
    """Wait for the brokers to know what their controller has created: it answers before they know."""

    def look() -> Probe:
        try:
            missing = names - admin.list_topics(timeout=timeout).topics.keys()
        except KafkaException as error:
            return Probe(False, f"an answer to a metadata request ({error.args[0].str()})")
        return Probe(not missing, ", ".join(sorted(missing)))

    wait_until(look, timeout=timeout, message="new topics in the brokers' metadata", hint="Look at the brokers' logs.")


def delete_topics(admin: AdminClient, names: Iterable[str], *, timeout: float) -> None:
    """Delete topics; those that are gone already are no matter. Raises StackError naming the topic."""
    wanted = list(names)
    if not wanted:
        return
    answers = admin.delete_topics(wanted, operation_timeout=timeout, request_timeout=timeout)
    for name, answer in answers.items():
        error = _failure(answer, timeout)
        if error is not None and error[0] not in _GONE:
            raise StackError(f"Topic {name} cannot be deleted: {error[1]}", hint="Delete it by hand.")


def delete_groups(admin: AdminClient, names: Iterable[str], *, timeout: float) -> None:
    """Delete consumer groups, each as soon as its last member has left it. Raises StackError naming the group."""
    left = list(names)

    def look() -> Probe:
        if left:
            answers = admin.delete_consumer_groups(list(left), request_timeout=timeout)
            for name, answer in answers.items():
                error = _failure(answer, timeout)
                if error is None or error[0] in _GONE:
                    left.remove(name)
                elif error[0] not in _NOT_YET:
                    raise StackError(f"Group {name} cannot be deleted: {error[1]}", hint="Delete it by hand.")
        return Probe(not left, f"no member in {', '.join(left)}")

    wait_until(look, timeout=timeout, message="the consumer groups to be deleted", hint="Delete them by hand.")


def _failure(answer: Any, timeout: float) -> tuple[int, str] | None:
    """Return the code and the words of what went wrong, None when nothing did."""
    try:
        answer.result(timeout)
    except KafkaException as error:
        return int(error.args[0].code()), str(error.args[0].str())
    except TimeoutError:
        return KafkaError._TIMED_OUT, "no answer in time"
    return None


def create_missing_topics(admin: AdminClient, names: Iterable[str], *, timeout: float) -> list[str]:
    """Create those of the topics that are not there and return their names. Raises StackError."""
    try:
        there = admin.list_topics(timeout=timeout).topics
    except KafkaException as error:
        raise StackError(
            f"Kafka does not answer: {error.args[0].str()}.",
            hint="Is it running, and does it advertise an address that can be reached from here?",
        ) from None
    missing = [name for name in names if name not in there]
    create_topics(admin, missing, timeout=timeout)
    return missing
