"""Consumer groups as the broker sees them: who is assigned what, and how far they have committed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from confluent_kafka import ConsumerGroupState, ConsumerGroupTopicPartitions, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from streamproof.model.errors import StackError
from streamproof.model.settings import KafkaSettings
from streamproof.transport.base import GroupState

REQUEST_TIMEOUT_SEC = 10.0

_HINT = "Look at the broker's log in the run's stack/logs folder."
# The broker has not seen the group yet, or is electing its coordinator: not an answer, and not an error either.
_NOT_YET = frozenset(
    {
        KafkaError.GROUP_ID_NOT_FOUND,
        KafkaError.COORDINATOR_NOT_AVAILABLE,
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
        KafkaError.NOT_COORDINATOR,
    }
)


class Groups:
    """Asks the brokers about consumer groups. Raises StackError when they do not answer."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._admin = AdminClient({**settings.client_config(), "log_level": 0})

    def partitions(self, topic: str) -> frozenset[int]:
        """Return the partitions of a topic; empty while it does not exist."""
        try:
            return frozenset(self._admin.list_topics(topic, timeout=REQUEST_TIMEOUT_SEC).topics[topic].partitions)
        except KafkaException as error:
            raise _unanswered(f"the partitions of {topic}", error) from None

    def state(self, group: str, topic: str) -> GroupState:
        """Return a group's state and the partitions of `topic` that its members hold."""
        answer = self._admin.describe_consumer_groups([group], request_timeout=REQUEST_TIMEOUT_SEC)[group]
        try:
            description = answer.result(timeout=REQUEST_TIMEOUT_SEC)
        except KafkaException as error:
            if error.args[0].code() in _NOT_YET:
                return GroupState(group, "not there yet", frozenset())
            raise _unanswered(f"the state of group {group}", error) from None
        assigned = {
            place.partition
            for member in description.members
            for place in (member.assignment.topic_partitions if member.assignment else ())
            if place.topic == topic
        }
        return GroupState(group, _word(description.state), frozenset(assigned))

    def committed(self, group: str, topic: str, partitions: Iterable[int]) -> Mapping[int, int]:
        """Return the committed offset by partition of `topic`; a partition without a commit is left out."""
        # The mock broker answers only for partitions that are named.
        request = ConsumerGroupTopicPartitions(group, [TopicPartition(topic, partition) for partition in partitions])
        answer = self._admin.list_consumer_group_offsets([request], request_timeout=REQUEST_TIMEOUT_SEC)[group]
        try:
            places = answer.result(timeout=REQUEST_TIMEOUT_SEC).topic_partitions
        except KafkaException as error:
            if error.args[0].code() in _NOT_YET:
                return {}
            raise _unanswered(f"the offsets of group {group}", error) from None
        return {place.partition: place.offset for place in places if place.topic == topic and place.offset >= 0}


def _word(state: Any) -> str:
    return state.name.lower().replace("_", " ") if isinstance(state, ConsumerGroupState) else str(state)


def _unanswered(what: str, error: KafkaException) -> StackError:
    return StackError(f"Kafka does not give {what}: {error.args[0].str()}.", hint=_HINT)
