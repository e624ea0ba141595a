"""A local stack for one bench, and the way to its database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from streamproof.cli.environment import read_environment
from streamproof.model.stack import StackState
from streamproof.runtime.stack import ProcessorLaunch, StackSpec, own_identity, start_stack, stop_stack
from streamproof.runtime.stack_spec import FlinkSpec

TIMEOUT_SEC = 120.0


@contextmanager
def stack(
    home: Path,
    folder: Path,
    *,
    topics: tuple[str, ...],
    processor: ProcessorLaunch | None = None,
    flink: FlinkSpec | None = None,
) -> Iterator[StackState]:
    """Start a stack that cannot outlive this process, and stop it afterwards."""
    spec = StackSpec(
        name="bench",
        folder=str(folder),
        cache_dir=str(read_environment().cache_dir),
        home=str(home),
        topics=topics,
        owner=own_identity(),
        flink=flink,
    )
    yield start_stack(replace(spec, processor=processor), timeout=TIMEOUT_SEC)
    stop_stack(folder, timeout=TIMEOUT_SEC)
