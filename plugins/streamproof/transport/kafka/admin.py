"""Admin clients of Kafka brokers, and the first requests to a broker that is starting."""

from __future__ import annotations

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from streamproof.model.errors import StackError
from streamproof.model.settings import KafkaSettings
from streamproof.model.waiting import Probe

# Any name will do: only the request matters, see `make_topic_of_offsets`.
_SOME_GROUP = "streamproof"


def admin_of(settings: KafkaSettings, errors: list[str] | None = None) -> AdminClient:
    """Return an admin client that logs nothing; its background errors are added to `errors`. Raises StackError."""
    config = settings.client_config()
    if errors is not None:
        config["error_cb"] = lambda error: errors.append(str(error.str()))
    try:
        return AdminClient({**config, "log_level": 0})
    except KafkaException as error:
        raise StackError(
            f"The Kafka client does not take these settings: {error.args[0].str()}.",
            hint="KAFKA_* and the connection's extra are librdkafka's properties: see docs/stacks.md.",
        ) from None


def admin_client(bootstrap_servers: str) -> AdminClient:
    """Return an admin client that logs nothing and reconnects quickly, for a broker that is starting."""
    return AdminClient(
        {
            "bootstrap.servers": bootstrap_servers,
            "reconnect.backoff.ms": 25,
            "reconnect.backoff.max.ms": 50,
            "log_level": 0,
        }
    )


def look_for_broker(admin: AdminClient) -> Probe:
    """Request the broker's metadata. The probe is done when the answer lists a broker."""
    try:
        brokers = admin.list_topics(timeout=0.5).brokers
    except KafkaException as error:
        return Probe(False, f"an answer to a metadata request ({error.args[0].str()})")
    return Probe(bool(brokers), "a registered broker")


def make_topic_of_offsets(admin: AdminClient, timeout: float) -> None:
    """Make a new broker create its internal topic of consumer offsets.

    The first request about a group starts that, and the broker answers "not yet". A consumer would then wait a second.
    So this request comes before any consumer, and its answer is ignored.
    """
    admin.describe_consumer_groups([_SOME_GROUP], request_timeout=timeout)
