"""The process of librdkafka's mock cluster: `python -m streamproof.transport.kafka.mock_cluster TOPIC…`.

The mock keeps few records (see the limits) and supports neither admin requests nor the look-up of offsets by time. It
suits only small fixture sets.
"""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path

import confluent_kafka

# The mock's limits for one partition. It silently drops older records, so a larger fixture set must be refused.
MOCK_MAX_BYTES = 5_000_000
MOCK_MAX_MESSAGES = 100_000
_RD_KAFKA_PRODUCER = 0
_ERROR_TEXT_BYTES = 512


def library_version() -> str:
    """Return the version of librdkafka."""
    return str(confluent_kafka.libversion()[0])


def _library() -> ctypes.CDLL:
    """Load the librdkafka of confluent-kafka, because the Python package does not offer the mock cluster."""
    package = Path(confluent_kafka.__file__).parent
    found = sorted([*package.parent.glob("confluent_kafka.libs/librdkafka-*"), *package.glob(".dylibs/librdkafka.*")])
    library = ctypes.CDLL(str(found[0]) if found else "librdkafka.so.1")
    for name in ("rd_kafka_conf_new", "rd_kafka_new", "rd_kafka_mock_cluster_new"):
        getattr(library, name).restype = ctypes.c_void_p
    library.rd_kafka_mock_cluster_bootstraps.restype = ctypes.c_char_p
    library.rd_kafka_mock_topic_create.restype = ctypes.c_int
    return library


def run_mock(topics: list[str]) -> str:
    """Start a mock cluster of one broker with these topics, one partition each, and return its address.

    The cluster ends with the process. Raises RuntimeError when librdkafka refuses.
    """
    library, text = _library(), ctypes.create_string_buffer(_ERROR_TEXT_BYTES)
    client = library.rd_kafka_new(
        _RD_KAFKA_PRODUCER, ctypes.c_void_p(library.rd_kafka_conf_new()), text, ctypes.c_size_t(_ERROR_TEXT_BYTES)
    )
    if not client:
        raise RuntimeError(f"librdkafka gave no client: {text.value.decode()}")
    cluster = library.rd_kafka_mock_cluster_new(ctypes.c_void_p(client), 1)
    for topic in topics:
        code = library.rd_kafka_mock_topic_create(ctypes.c_void_p(cluster), topic.encode(), 1, 1)
        if code:
            raise RuntimeError(f"librdkafka refused topic {topic}: error {code}")
    return str(library.rd_kafka_mock_cluster_bootstraps(ctypes.c_void_p(cluster)).decode())


def main() -> None:
    """Run the mock: print its address, then wait until standard input closes."""
    sys.stdout.write(run_mock(sys.argv[1:]) + "\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main()
