"""The peer of the pipeline's job on Flink: it decodes an event, counts it by its id, and writes it as it was.

It reads and writes Kafka as the pipeline's job does. Flink's own driver runs it, in Flink's Python environment.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import orjson
from pyflink.common import Types
from pyflink.datastream import KeyedProcessFunction, RuntimeContext, StreamExecutionEnvironment
from pyflink.datastream.state import ValueStateDescriptor

from pipelines.livepeer.flink.connectors import read_input, sink
from pipelines.livepeer.flink.settings import read_settings

# topic, partition, offset, payload, created: the columns of the source.
PAYLOAD = 3


def event_id(value: Any) -> str:
    """Return the key of a record: the id of its event."""
    found: str = orjson.loads(value[PAYLOAD])["id"]
    return found


class Count(KeyedProcessFunction):
    """Counts the events of each id in one value state."""

    def open(self, runtime_context: RuntimeContext) -> None:
        """Open the state."""
        self._seen = runtime_context.get_state(ValueStateDescriptor("seen", Types.LONG()))

    def process_element(self, value: Any, ctx: Any) -> Iterator[str]:  # noqa: ARG002 - Flink's
        """Count an event and pass it on."""
        event = orjson.loads(value[PAYLOAD])
        self._seen.update((self._seen.value() or 0) + 1)
        yield orjson.dumps(event).decode()


def main(arguments: Sequence[str]) -> None:
    """Submit the job."""
    settings = read_settings(arguments, os.environ)
    env = StreamExecutionEnvironment.get_execution_environment()
    passed = read_input(env, settings).key_by(event_id, Types.STRING()).process(Count(), Types.STRING())
    passed.sink_to(sink(settings, settings.rows_topic))
    env.execute("pass-through")


if __name__ == "__main__":
    main(sys.argv[1:])
