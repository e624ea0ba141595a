"""One Flink cluster that all integration tests of a process share, and jars that nobody here wrote."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from streamproof.flink.client import FlinkClient
from streamproof.model.settings import FlinkSettings
from streamproof.model.stack import StackState
from streamproof.model.waiting import Probe, wait_until
from streamproof.runtime.jars import fetch_jars
from streamproof.runtime.stack import StackSpec, own_identity, start_stack, stop_stack
from streamproof.runtime.stack_spec import FlinkSpec

# A new machine installs Flink first.
START_SEC, END_SEC = 180.0, 30.0
LOCK = Path(__file__).with_name("flink_examples.lock")
TASK_MANAGERS = 2


@contextmanager
def flink_stack_in(folder: Path, home: Path, cache_dir: Path, flink: FlinkSpec) -> Iterator[StackState]:
    """A stack with a Flink cluster (and the mock broker), which is stopped at the end."""
    spec = StackSpec(
        "flink", str(folder), str(cache_dir), str(home), kafka_kind="mock", owner=own_identity(), flink=flink
    )
    try:
        yield start_stack(spec, timeout=START_SEC)
    finally:
        stop_stack(folder, timeout=END_SEC)


@pytest.fixture(scope="session")
def flink_stack(home: Path, cache_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StackState]:
    """The shared cluster: two task managers with one slot each, a checkpoint every 500 ms."""
    folder = tmp_path_factory.mktemp("flink")
    flink = FlinkSpec(task_managers=TASK_MANAGERS, checkpoint_interval_ms=500)
    with flink_stack_in(folder, home, cache_dir, flink) as state:
        yield state


@pytest.fixture(scope="session")
def flink_settings(flink_stack: StackState) -> FlinkSettings:
    """How to reach the shared cluster."""
    assert flink_stack.flink is not None
    return flink_stack.flink


@pytest.fixture
def flink_client(flink_settings: FlinkSettings) -> Iterator[FlinkClient]:
    """A client of the shared cluster, which has no job before and after the test."""
    with FlinkClient(flink_settings) as client:
        yield client
        cancel_all(client)


def cancel_all(client: FlinkClient) -> None:
    """Cancel all jobs and wait until every slot is free."""
    for job in client.jobs():
        if not job.ended:
            client.cancel(job.id)

    def look() -> Probe:
        overview = client.overview()
        return Probe(overview.free_slots == overview.slots, f"{overview.slots - overview.free_slots} slots are taken")

    wait_until(look, timeout=END_SEC, message="a free cluster", hint="")


@pytest.fixture(scope="session")
def example_jars(cache_dir: Path) -> tuple[Path, Path]:
    """Flink's own examples for streams, as they are on Maven Central: of an old version, and of this one."""
    old, new = fetch_jars(LOCK, cache_dir)
    return old, new
