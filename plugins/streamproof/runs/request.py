"""The request of a run, the settings of the machine it is made on, and why passing it may not verify the whole pack."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from streamproof.fixtures.timing.pace import MAX
from streamproof.model.stack import ProcessIdentity
from streamproof.packs.loading import Packs
from streamproof.packs.pack import Pack


@dataclass(frozen=True, slots=True)
class HostSettings:
    """Settings of this machine, from the CLI or Airflow.

    `cache_dir` holds jars and archives between runs. `java` names a JRE other than the packaged one. The run's stack
    ends with process `owner`; it is None when no process lives as long as the run (Airflow tasks). `compose_files` are
    the Compose files of stack `compose`, the project's own when empty; `docker_host` is its Docker engine. `packs` are
    the packs that a request can name, None for the project's only. `longest_replay_sec` limits how long a paced replay
    may take, None for no limit. `environ` are the environment variables that may name the service that a pipeline
    fetches from on stack `external`.
    """

    cache_dir: Path
    java: str | None = None
    owner: ProcessIdentity | None = None
    compose_files: tuple[str, ...] = ()
    docker_host: str | None = None
    packs: Packs | None = None
    longest_replay_sec: float | None = None
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class RunRequest:
    """The unvalidated request of a run.

    `pack` is the name or folder of a pack, `processor` the name of one of its processors; None is the default.
    `manifest` is the name of a fixture set of the pack, or a path; None is the default set. `input_topic` is for mode
    `observe`: the topic that the warehouse reads, None for the one that the warehouse or the pack names.
    `from_ts` and `to_ts` are ISO-8601 times, in UTC when they have no zone.
    `prove_suites` and `prove_checks` select what mode `prove` proves, everything when empty. `coverage` is one of
    DAMAGES, '' for no column damages; `mutations` says whether the checks' mutations are applied. `yes_shared` allows
    a pipeline that others use and that its pack does not call a staging one.
    `partitions` is the number of partitions of the input topic. `parallelism` is that of a job on Flink, None for the
    pack's own.
    `speed` is `max`, or how many times faster than they happened the events are published (`60x`). `shift_to` moves all
    times so that the last event is at an ISO-8601 time or `now`, None for no move. `events` limits the replay to the
    first events, None for all. `faults` is the name or the path of a plan of faults, None for none.
    `dag_id` and `dag_run_id` are the DAG and its run that make this run, '' for a run of the command line.
    """

    pack: str | None = None
    run_id: str | None = None
    mode: str = "full"
    stack: str = "local"
    processor: str | None = None
    kafka: str = "broker"
    manifest: str | None = None
    suites: tuple[str, ...] = ()
    keep_stack: bool = False
    tolerate_bad_lines: bool = False
    inject: str | None = None
    artifacts_root: Path | None = None
    from_ts: str | None = None
    to_ts: str | None = None
    prove_suites: tuple[str, ...] = ()
    prove_checks: tuple[str, ...] = ()
    coverage: str = ""
    mutations: bool = True
    input_topic: str | None = None
    yes_shared: bool = False
    partitions: int = 1
    parallelism: int | None = None
    speed: str = MAX
    shift_to: str | None = None
    events: int | None = None
    faults: str | None = None
    dag_id: str = ""
    dag_run_id: str = ""


def narrowed_by(request: RunRequest, pack: Pack) -> tuple[str, ...]:
    """Return the reasons, a phrase each, why passing this run does not verify the pack; empty when it does.

    The choice of a fixture set is no reason, because the summary names the set's hash.
    """
    suites = pack.suite_names(request.suites)
    reasons = {
        f"mode {request.mode} is not a full run": request.mode != "full",
        "Kafka was the mock broker": request.kafka == "mock",
        "SQL was injected": request.inject is not None,
        "broken fixture lines were left out": request.tolerate_bad_lines,
        f"only some suites ran: {', '.join(suites)}": suites != pack.suites,
        f"only the first {request.events} events were replayed": request.events is not None,
        f"requests got the faults of {request.faults}": request.faults is not None,
        "a window was chosen instead of the fixture set's own": request.from_ts is not None,
    }
    return tuple(reason for reason, holds in reasons.items() if holds)
