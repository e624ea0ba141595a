"""The job: `python -m pipelines.livepeer.flink.job NAME=VALUE ...`, run by Flink's own driver for Python programs.

input --key: dedup digest--> admission --+-- rows ------------------------------> rows topic
                                         +-- snapshots --broadcast--+
                                         +-- signals --key: session--> sessions -> rows topic
                                         +-- rejects --------------------------> reject topics
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence

from pyflink.common import Types
from pyflink.datastream import DataStream, StreamExecutionEnvironment

from pipelines.livepeer.errors import ProcessorError
from pipelines.livepeer.flink import operators
from pipelines.livepeer.flink.connectors import read_input, sink
from pipelines.livepeer.flink.settings import FlinkSettings, read_settings

JOB_NAME = "livepeer"
_LOG = logging.getLogger(__name__)


def build(env: StreamExecutionEnvironment, settings: FlinkSettings) -> None:
    """Add the operators of the job to an environment."""
    common = settings.common
    records = read_input(env, settings)
    admitted = (
        records.key_by(operators.DedupKey(settings), Types.STRING())
        .process(operators.Admission(settings), operators.ROWS)
        .name("admission")
        .uid("admission")
    )
    snapshots = admitted.get_side_output(operators.SNAPSHOTS).broadcast(operators.CAPABILITIES)
    sessions = (
        admitted.get_side_output(operators.SIGNALS)
        .key_by(operators.SessionKey(), Types.STRING())
        .connect(snapshots)
        .process(operators.Sessions(settings), operators.ROWS)
        .name("sessions")
        .uid("sessions")
    )
    _write(admitted.union(sessions), settings, settings.rows_topic, "rows")
    for tag, topic in ((operators.DLQ, common.dlq_topic), (operators.QUARANTINE, common.quarantine_topic)):
        rejects = admitted.get_side_output(tag).union(sessions.get_side_output(tag))
        _write(rejects, settings, topic, tag.tag_id)


def _write(stream: DataStream, settings: FlinkSettings, topic: str, name: str) -> None:
    stream.sink_to(sink(settings, topic)).name(name).uid(name)


def main(arguments: Sequence[str]) -> int:
    """Submit the job; return the exit code. Its parallelism and checkpoints are those of the submission."""
    try:
        settings = read_settings(arguments, os.environ)
    except ProcessorError as error:
        _LOG.error("%s %s", error.message, error.hint)
        return error.exit_code
    env = StreamExecutionEnvironment.get_execution_environment()
    build(env, settings)
    env.execute(JOB_NAME)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
