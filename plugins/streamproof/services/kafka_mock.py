"""The fallback where the JVM jars cannot be had: librdkafka's mock broker in a process of its own.

It keeps little (see the limits), knows no timestamps look-up and no admin requests: good for small fixture sets only.
"""

from __future__ import annotations

import asyncio
import ctypes
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import confluent_kafka

from streamproof.model.errors import StackError
from streamproof.model.stack import ServiceState
from streamproof.runtime.process import Child, python_module
from streamproof.runtime.stack_spec import StackSpec

NAME = "kafka"
# What the mock keeps per partition; it silently drops what is older. A larger fixture set must be refused.
MOCK_MAX_BYTES = 5_000_000
MOCK_MAX_MESSAGES = 100_000
_RD_KAFKA_PRODUCER = 0
_ERROR_TEXT_BYTES = 512


@dataclass(slots=True)
class KafkaMock:
    """The mock broker of one stack; its port is chosen by librdkafka."""

    spec: StackSpec
    env: Mapping[str, str]
    bootstrap_servers: str = ""
    children: list[Child] = field(default_factory=list)

    async def start(self, timeout: float) -> ServiceState:
        """Start the mock with the stack's topics and return when it listens. Raises StackError."""
        command = python_module("streamproof.services.kafka_mock", *self.spec.topics)
        child = await Child.start(NAME, command, log=self.spec.log(NAME), env=self.env, cwd=self.spec.root, talks=True)
        self.children.append(child)
        self.bootstrap_servers = await child.hear("its address", timeout)
        return ServiceState(
            name=NAME,
            process=child.identity,
            ports={NAME: int(self.bootstrap_servers.rpartition(":")[2])},
            log=str(child.log),
            version=f"mock (librdkafka {confluent_kafka.libversion()[0]})",
        )

    async def create_topics(self, names: tuple[str, ...], timeout: float) -> None:
        """Check that the topics are those that the mock was started with: it cannot make others later."""
        await asyncio.wait_for(asyncio.to_thread(_look_for_topics, self.bootstrap_servers, names, timeout), timeout)

    async def stop(self) -> None:
        """Stop the mock."""
        for child in self.children:
            await child.stop()


def _look_for_topics(bootstrap_servers: str, names: tuple[str, ...], timeout: float) -> None:
    from streamproof.services.kafka_setup import admin_client  # noqa: PLC0415 - not needed by the child

    found = admin_client(bootstrap_servers).list_topics(timeout=timeout).topics
    missing = sorted(set(names) - set(found))
    if missing:
        raise StackError(f"The mock broker lacks topic {missing[0]}.", hint="This is a defect of streamproof.")


def _library() -> ctypes.CDLL:
    """Load the librdkafka that comes with confluent-kafka: its mock cluster has functions that Python lacks."""
    package = Path(confluent_kafka.__file__).parent
    found = sorted([*package.parent.glob("confluent_kafka.libs/librdkafka-*"), *package.glob(".dylibs/librdkafka.*")])
    library = ctypes.CDLL(str(found[0]) if found else "librdkafka.so.1")
    for name in ("rd_kafka_conf_new", "rd_kafka_new", "rd_kafka_mock_cluster_new"):
        getattr(library, name).restype = ctypes.c_void_p
    library.rd_kafka_mock_cluster_bootstraps.restype = ctypes.c_char_p
    library.rd_kafka_mock_topic_create.restype = ctypes.c_int
    return library


def run_mock(topics: list[str]) -> str:
    """Start a mock cluster of one broker with these topics, one partition each, and return where it listens.

    It lives as long as the process. Raises RuntimeError when librdkafka refuses.
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
    """Be the mock's process: say where it listens, then stay until standard input closes."""
    sys.stdout.write(run_mock(sys.argv[1:]) + "\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main()
