"""The runner without a cluster: `python -m pipelines.livepeer.local`, settings from the environment.

It exits with 0 after SIGTERM or SIGINT, when the round in flight is finished and committed. It exits with 2 when a
setting is wrong, and with 1 when the input or a sink fails; an error is one line on standard error. A restart continues
at the committed offsets.
"""

from __future__ import annotations

import gc
import logging
import os
import signal
import sys
import time
from collections.abc import Mapping
from functools import partial
from types import FrameType

from pipelines.livepeer import failures
from pipelines.livepeer.building import build_processor
from pipelines.livepeer.checkpointer import Checkpointer
from pipelines.livepeer.config import Settings, from_environment
from pipelines.livepeer.errors import ProcessorError
from pipelines.livepeer.job import Clocks, Job, Memory
from pipelines.livepeer.kafka_input import KafkaInput
from pipelines.livepeer.metrics import Metrics
from pipelines.livepeer.reject_topics import RejectTopics, make_producer
from pipelines.livepeer.restore import accepted_keys
from pipelines.livepeer.sink import ClickHouseSink
from pipelines.livepeer.state_files import StateFiles
from pipelines.livepeer.status_file import StatusFile
from pipelines.livepeer.writer import Writer

_LOG = logging.getLogger(__name__)


class StopFlag:
    """A flag that SIGTERM and SIGINT set. The job reads it between two rounds."""

    def __init__(self) -> None:
        self.raised = False

    def __call__(self) -> bool:
        """Return whether a signal came."""
        return self.raised

    def listen(self) -> None:
        """Take over the two signals."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._raise)

    def _raise(self, _: int, __: FrameType | None) -> None:
        self.raised = True


def now_ms() -> int:
    """Return the current time, epoch milliseconds."""
    return time.time_ns() // 1_000_000


def run(settings: Settings, stop: StopFlag) -> None:
    """Run the job until it is stopped. Raises ProcessorError."""
    files = StateFiles(settings.state_dir) if settings.state_dir else None
    sink = ClickHouseSink(settings.sink)
    topics = {failures.DLQ: settings.dlq_topic, failures.QUARANTINE: settings.quarantine_topic}
    writer = Writer(
        sink,
        RejectTopics(topics, partial(make_producer, settings.bootstrap_servers, settings.kafka_options)),
        settings.sink,
    )
    job = Job(
        build_processor(settings),
        writer,
        Memory(partial(accepted_keys, sink), Checkpointer(files)),
        Metrics(settings.rate_window_sec),
        StatusFile(settings.status_file),
        Clocks(now_ms, time.monotonic),
    )
    job.report_start()
    source = KafkaInput(settings, before_revoke=job.flush, clock=now_ms)
    try:
        job.run(source, stop)
    except ProcessorError as error:
        job.fail(error.message)
        raise
    except BaseException as error:
        job.fail(f"{type(error).__name__}: {error}")
        raise
    finally:
        writer.close()
        source.close()
        sink.close()
        if files is not None:
            files.close()


def main(environment: Mapping[str, str]) -> int:
    """Run the job; return the exit code."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    stop = StopFlag()
    stop.listen()
    # Modules are never freed, and the objects of a batch are freed by reference counting: collect garbage rarely.
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    try:
        run(from_environment(environment), stop)
    except ProcessorError as error:
        _LOG.error("%s %s", error.message, error.hint)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(os.environ))
