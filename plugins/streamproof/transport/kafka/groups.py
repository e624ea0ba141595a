"""Consumer groups as the broker reports them: their state, assigned partitions and committed offsets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from confluent_kafka import ConsumerGroupState, ConsumerGroupTopicPartitions, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from streamproof.model.errors import StackError
from streamproof.model.settings import KafkaSettings
from streamproof.transport.base import GroupState

REQUEST_TIMEOUT_SEC = 10.0

_HINT = "Look at the broker's log in the run's stack/logs folder."
# The group does not exist yet, or the broker is electing its coordinator. The caller asks again later.
_NOT_YET = frozenset(
    {
        KafkaError.GROUP_ID_NOT_FOUND,
        KafkaError.COORDINATOR_NOT_AVAILABLE,
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
        KafkaError.NOT_COORDINATOR,
    }
)


class Groups:
    """Reads the state of consumer groups from the brokers. Raises StackError when they do not answer."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._admin = AdminClient({**settings.client_config(), "log_level": 0})

    def partitions(self, topic: str) -> frozenset[int]:
        """Return the partitions of a topic; empty while it does not exist."""
        try:
            return frozenset(self._admin.list_topics(topic, timeout=REQUEST_TIMEOUT_SEC).topics[topic].partitions)
        except KafkaException as error:
            raise _unanswered(f"the partitions of {topic}", error) from None

    def state(self, group: str, topic: str) -> GroupState:
        """Return a group's state and the partitions of `topic` that are assigned to its members."""
        answer = self._admin.describe_consumer_groups([group], request_timeout=REQUEST_TIMEOUT_SEC)[group]
        try:
            description = answer.result(timeout=REQUEST_TIMEOUT_SEC)
        except KafkaException as error:
            if error.args[0].code() in _NOT_YET:
                return GroupState(group, "not there yet", frozenset())
            raise _unanswered(f"the state of group {group}", error) from None
        assigned = {
            entry.partition
            for member in description.members
            for entry in (member.assignment.topic_partitions if member.assignment else ())
            if entry.topic == topic
        }
        return GroupState(group, _state_name(description.state), frozenset(assigned))

    def committed(self, group: str, topic: str, partitions: Iterable[int]) -> Mapping[int, int]:
        """Return the committed offset of each partition of `topic`, without partitions that have none."""
        # The mock broker answers only for partitions that are named.
        request = ConsumerGroupTopicPartitions(group, [TopicPartition(topic, partition) for partition in partitions])
        answer = self._admin.list_consumer_group_offsets([request], request_timeout=REQUEST_TIMEOUT_SEC)[group]
        try:
            entries = answer.result(timeout=REQUEST_TIMEOUT_SEC).topic_partitions
        except KafkaException as error:
            if error.args[0].code() in _NOT_YET:
                return {}
            raise _unanswered(f"the offsets of group {group}", error) from None
        return {entry.partition: entry.offset for entry in entries if entry.topic == topic and entry.offset >= 0}

    def end_offsets(self, topic: str) -> Mapping[int, int]:
        """Return the end offset of each partition of a topic."""
        request = {TopicPartition(topic, partition): OffsetSpec.latest() for partition in self.partitions(topic)}
        answers = self._admin.list_offsets(request, request_timeout=REQUEST_TIMEOUT_SEC) if request else {}
        try:
            return {place.partition: answer.result().offset for place, answer in answers.items()}
        except KafkaException as error:
            raise _unanswered(f"the end of topic {topic}", error) from None


def _state_name(state: Any) -> str:
    return state.name.lower().replace("_", " ") if isinstance(state, ConsumerGroupState) else str(state)


def _unanswered(what: str, error: KafkaException) -> StackError:
    return StackError(f"Kafka does not give {what}: {error.args[0].str()}.", hint=_HINT)
