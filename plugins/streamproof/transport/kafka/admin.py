"""Clients that administer brokers, and the first questions to brokers that are coming up."""

from __future__ import annotations

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from streamproof.model.errors import StackError
from streamproof.model.settings import KafkaSettings
from streamproof.model.waiting import Probe

# Any name: the question itself is what counts.
_SOME_GROUP = "streamproof"


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


def admin_client(bootstrap_servers: str) -> AdminClient:
    """Return an admin client that looks again quickly while a broker is coming up, and quietly."""
    return AdminClient(
        {
            "bootstrap.servers": bootstrap_servers,
            "reconnect.backoff.ms": 25,
            "reconnect.backoff.max.ms": 50,
            "log_level": 0,
        }
    )


def look_for_broker(admin: AdminClient) -> Probe:
    """Ask the broker for its metadata; it is there when it answers with itself."""
    try:
        brokers = admin.list_topics(timeout=0.5).brokers
    except KafkaException as error:
        return Probe(False, f"an answer to a metadata request ({error.args[0].str()})")
    return Probe(bool(brokers), "a registered broker")


def make_topic_of_offsets(admin: AdminClient, timeout: float) -> None:
    """Let a new broker begin to make the topic that offsets are kept in.

    Asked about a group for the first time, a broker answers "not yet"; a consumer would then wait a second. So it is
    asked before there is a consumer, and the answer does not matter.
    """
    admin.describe_consumer_groups([_SOME_GROUP], request_timeout=timeout)
