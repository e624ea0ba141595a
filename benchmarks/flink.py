"""The pack's job on Flink beside a keyed pass-through job on the same cluster, and the size of its checkpoints."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.flink_jobs import (
    INPUT,
    Written,
    make_topics,
    peer_job,
    pipeline_job,
    publish_tail,
    running,
    wait_for_records,
)
from benchmarks.stacks import stack
from packs.livepeer.generator import generate_load
from streamproof.fixtures.ordering import plan_replay
from streamproof.flink.client import FlinkClient
from streamproof.flink.documents import Checkpoint
from streamproof.model.fixture import ReplayRules
from streamproof.model.stack import StackState
from streamproof.model.waiting import Probe, wait_until
from streamproof.runtime.stack_spec import FlinkSpec
from streamproof.transport.kafka.producer import publish

EVENTS, CHECKPOINT_EVENTS = 40_000, 400_000
ROUNDS = 3
PARTITIONS = 4
PARALLELISM = (1, 2)
# As a run has it.
CHECKPOINT_INTERVAL_MS = 5_000
CHECKPOINT_SEC = 60.0
# 400,000 dedup keys and the sessions are kept as objects on the heap.
HEAP_MB = 2_048
RULES = ReplayRules(
    first_types=("network_capabilities",),
    key_field="stream_id",
    event_table="streaming_events",
    id_field="workflow_session_id",
)


@contextmanager
def _cluster(
    home: Path, scratch: Path, events: int, *, parallelism: int, heap_mb: int
) -> Iterator[tuple[StackState, FlinkClient]]:
    """Start a stack whose input topic holds generated events in four partitions, and one event more in each of them."""
    plan = plan_replay(generate_load(events, scratch / "load"), RULES)
    flink = FlinkSpec(parallelism, checkpoint_interval_ms=CHECKPOINT_INTERVAL_MS, task_heap_mb=heap_mb)
    with stack(home, scratch / "stack", topics=(), flink=flink) as state, FlinkClient(state.flink) as client:
        make_topics(state, {INPUT: PARTITIONS})
        published = publish(state.kafka, INPUT, plan.records(), run_id="bench").acknowledged
        if published != events:
            raise RuntimeError(f"{published} of {events} events were published")
        publish_tail(state, INPUT, PARTITIONS)
        yield state, client


def flink_rate(home: Path, scratch: Path, events: int = EVENTS) -> dict[str, Any]:
    """Take turns between the pack's job and the pass-through job, from the first record written to the last one.

    Target: 0.4 of the pass-through job's rate, at the same parallelism.
    """
    jobs = pipeline_job(home, scratch), peer_job(home, scratch)
    records = events + PARTITIONS
    figures: dict[str, Any] = {"target_ratio": 0.4, "events": events, "partitions": PARTITIONS, **_load()}
    with _cluster(home, scratch, events, parallelism=max(PARALLELISM), heap_mb=512) as (state, client):
        for parallelism in PARALLELISM:
            measured: dict[str, list[Written]] = {job.name: [] for job in jobs}
            for round_number in range(ROUNDS):
                for job in jobs:
                    name = f"{job.name}-{parallelism}-{round_number}"
                    with running(client, state, job, name, parallelism) as (job_id, topic):
                        measured[job.name].append(wait_for_records(client, state, job, job_id, topic, records))
            figures[f"parallelism_{parallelism}"] = _compared(measured["livepeer"], measured["peer"])
    return figures


def _compared(ours: list[Written], peers: list[Written]) -> dict[str, Any]:
    best_cpu, best_peer_cpu = (max(found.per_cpu_sec for found in some) for some in (ours, peers))
    best, best_peer = (max(found.per_sec for found in some) for some in (ours, peers))
    return {
        "events_per_sec": [round(found.per_sec) for found in ours],
        "peer_events_per_sec": [round(found.per_sec) for found in peers],
        "ratio_of_bests": round(best / best_peer, 2),
        "events_per_cpu_sec": [round(found.per_cpu_sec) for found in ours],
        "peer_events_per_cpu_sec": [round(found.per_cpu_sec) for found in peers],
        "ratio_of_best_cpu": round(best_cpu / best_peer_cpu, 2),
    }


def _load() -> dict[str, float]:
    """Return how many processes wanted the machine's cores in the last minute."""
    return {"load_average": round(os.getloadavg()[0], 1)}


def flink_checkpoint(home: Path, scratch: Path, events: int = CHECKPOINT_EVENTS) -> dict[str, Any]:
    """Measure the checkpoints while the pack's job processes the events, and the first one after the last record."""
    job = pipeline_job(home, scratch)
    with (
        _cluster(home, scratch, events, parallelism=1, heap_mb=HEAP_MB) as (state, client),
        running(client, state, job, job.name, 1) as (job_id, topic),
    ):
        written = wait_for_records(client, state, job, job_id, topic, events + PARTITIONS)
        under_way = client.checkpoints(job_id)
        last = _checkpoint_after(client, job_id, written.last_ms)
    return {
        "events": events,
        **_load(),
        "events_per_sec": round(written.per_sec),
        "checkpoints_under_way": under_way.counts.completed,
        "checkpoints_failed": under_way.counts.failed,
        "longest_under_way_ms": max((found.duration for found in under_way.completed), default=0),
        "bytes": last.size,
        "duration_ms": last.duration,
    }


def _checkpoint_after(client: FlinkClient, job_id: str, moment_ms: int) -> Checkpoint:
    """Wait for a checkpoint that was begun after a moment, in Unix milliseconds."""

    def look() -> Probe:
        newest = client.checkpoints(job_id).latest.completed
        return Probe(newest is not None and newest.triggered > moment_ms, "a checkpoint of everything")

    wait_until(look, timeout=CHECKPOINT_SEC, message="a checkpoint", hint="")
    newest = client.checkpoints(job_id).latest.completed
    assert newest is not None
    return newest
