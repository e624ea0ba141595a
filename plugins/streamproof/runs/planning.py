"""Validate the request of a run before anything is started or written, then create the run's folder with its plan."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from streamproof.checks.check_files import CheckFiles
from streamproof.fixtures.timing.pace import expected_sec, factor_of
from streamproof.model.correlation import prefix_of
from streamproof.model.errors import UsageError
from streamproof.model.plan import (
    COMPOSE,
    DAMAGES,
    EXTERNAL,
    KAFKA_KINDS,
    MODES,
    OBSERVE,
    PROVE,
    STACKS,
    RunPlan,
)
from streamproof.model.window import iso_ms
from streamproof.packs.loading import Packs
from streamproof.packs.pack import Pack
from streamproof.runs.check_names import blind_to_windows, checks_by_suite, refuse_unknown_checks
from streamproof.runs.context import RunContext
from streamproof.runs.folder import RunFolder
from streamproof.runs.names import RunNames
from streamproof.runs.offers import offered_rungs, pack_offers
from streamproof.runs.processors import processor_launch, refuse_unusable_job
from streamproof.runs.request import HostSettings, RunRequest, narrowed_by
from streamproof.runs.rerun import from_any_folder, git_commit, rerun_command
from streamproof.runs.serving import fault_plan, refuse_unfit_transport
from streamproof.runs.stage import StageList
from streamproof.runs.subject.choosing import Subject, observed_subject, replayed_subject, shared_subject
from streamproof.runs.subject.service import fetched_subject
from streamproof.runs.subject.sharing import refuse_blind_checks, refuse_unsafe, running_processor
from streamproof.runtime.pack_packages import PackPackages
from streamproof.sql.dialects import Dialect
from streamproof.sql.scripts import read_script

# Kafka and processor of a run in mode observe.
NOT_INVOLVED = "none"
COMPOSE_FILE = "docker-compose.yaml"


def plan_run(request: RunRequest, stages: StageList, *, home: Path, host: HostSettings, now: datetime) -> RunContext:
    """Validate a request, write the plan to the run's new folder, and return the run.

    The plan has those of `stages` that apply to the request. Raises UsageError or FixtureError (exit code 2) before
    anything is written or started.
    """
    _refuse_unknown_choices(request)
    packs = host.packs or Packs(home, packages=PackPackages(host.cache_dir).folder)
    pack = packs.load(request.pack)
    processor = pack.processor_name(request.processor)
    refuse_unfit_transport(request, pack)
    refuse_unusable_job(pack, processor)
    suites = pack.suite_names(request.suites)
    files = CheckFiles(pack, home)
    refuse_unknown_checks(request, checks_by_suite(files, pack, suites))
    run_id = request.run_id or f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"
    names = RunNames.of(pack, run_id, pack.processors.get(processor))
    folder = _new_folder(request, run_id, home)
    inject = _script_file(request.inject, "--inject", pack.dialect)
    subject = _subject(request, pack, files, suites, host=host, run_id=run_id, now=now)
    plan = RunPlan(
        **_given(request),
        **_of_subject(subject),
        **_of_host(request, home, host),
        run_id=run_id,
        pack=pack.name,
        pack_file=str(pack.file),
        **_of_stack(request, pack, processor),
        home=str(home),
        folder=str(folder.root),
        suites=suites,
        inject=inject,
        faults=fault_plan(request, pack),
        git_commit=git_commit(home),
        rerun=rerun_command(from_any_folder(replace(request, pack=packs.asked_for(pack.file)), pack, inject)),
        created_at=iso_ms(now),
        narrowed_by=narrowed_by(request, pack),
        stages=stages.planned(
            request.mode,
            suites,
            offers=pack_offers(pack, None if request.mode == OBSERVE else pack.processors.get(processor)),
            options=_options(request),
        ),
        rungs=offered_rungs(pack),
    )
    ctx = RunContext(plan=plan, pack=pack, names=names, folder=folder, files=files, replay=subject.replay)
    processor_launch(ctx)
    folder.write_plan(plan)
    return ctx


def _subject(
    request: RunRequest,
    pack: Pack,
    files: CheckFiles,
    suites: tuple[str, ...],
    *,
    host: HostSettings,
    run_id: str,
    now: datetime,
) -> Subject:
    """Return what the run judges: a window of a warehouse, or the fixture set that it sends. Raises UsageError."""
    if request.mode == OBSERVE:
        subject = fetched_subject(observed_subject(request, now), request, pack, host.environ)
        return replace(subject, notices=(*subject.notices, *blind_to_windows(files, suites)))
    subject = fetched_subject(replayed_subject(request, pack, now), request, pack, host.environ)
    _refuse_long_replay(subject, request, host)
    shared = running_processor(pack, request.processor)
    if shared is None:
        return subject
    refuse_unsafe(request, pack, shared)
    refuse_blind_checks(files, pack)
    return shared_subject(subject, pack, prefix_of(run_id), now)


def _given(request: RunRequest) -> dict[str, Any]:
    """Return the fields of a plan that are those of the request."""
    return {
        "mode": request.mode,
        "keep_stack": request.keep_stack,
        "suites_by_name": request.suites,
        "tolerate_bad_lines": request.tolerate_bad_lines,
        "prove_suites": request.prove_suites,
        "prove_checks": request.prove_checks,
        "coverage": request.coverage,
        "mutations": request.mutations,
        "input_topic": request.input_topic,
        "partitions": request.partitions,
        "speed": request.speed,
        "shift_to": request.shift_to,
        "first_events": request.events,
        "parallelism": request.parallelism,
        "dag_id": request.dag_id,
        "dag_run_id": request.dag_run_id,
    }


def _of_subject(subject: Subject) -> dict[str, Any]:
    """Return the fields of a plan that say what is judged."""
    return {
        "manifest": subject.manifest,
        "fixture_sha256": subject.sha256,
        "fixture_events": subject.events,
        "window": subject.window.as_json(),
        "notices": subject.notices,
        "correlation": subject.correlation,
        "shift_ms": subject.shift_ms,
        "service_url": subject.service_url,
        "service_ca_file": subject.service_ca_file,
    }


def _of_stack(request: RunRequest, pack: Pack, processor: str) -> dict[str, Any]:
    """Return the fields of a plan that say where the pipeline runs. An observation starts none."""
    if request.mode == OBSERVE:
        return {"stack": EXTERNAL, "processor": NOT_INVOLVED, "kafka": NOT_INVOLVED}
    return {"stack": request.stack, "processor": processor, "kafka": NOT_INVOLVED if pack.source else request.kafka}


def _of_host(request: RunRequest, home: Path, host: HostSettings) -> dict[str, Any]:
    """Return the fields of a plan that depend on this machine."""
    return {
        "cache_dir": str(host.cache_dir),
        "java": host.java,
        "owner": host.owner,
        "compose_files": _compose_files(request, home, host),
        "docker_host": host.docker_host if request.stack == COMPOSE else None,
    }


def _new_folder(request: RunRequest, run_id: str, home: Path) -> RunFolder:
    """Return the folder of a new run. Raises UsageError when it exists."""
    folder = RunFolder((request.artifacts_root or home / "artifacts" / "test-runs").resolve() / run_id)
    if folder.root.exists():
        raise UsageError(f"Run {run_id} is already there: {folder.root}.", hint="Choose another --run-id.")
    return folder


def _options(request: RunRequest) -> set[str]:
    """Return the given options that add or remove stages."""
    return {name for name in ("inject", "keep_stack") if getattr(request, name)}


def _compose_files(request: RunRequest, home: Path, host: HostSettings) -> tuple[str, ...]:
    if request.stack != COMPOSE:
        return ()
    files = [Path(file).expanduser() for file in host.compose_files or (COMPOSE_FILE,)]
    found = [file if file.is_absolute() else home / file for file in files]
    for file in found:
        if not file.is_file():
            raise UsageError(f"There is no Compose file {file}.", hint="COMPOSE_FILE names files, divided by colons.")
    return tuple(str(file.resolve()) for file in found)


def _refuse_unknown_choices(request: RunRequest) -> None:
    for name, value, allowed in (
        ("mode", request.mode, MODES),
        ("stack", request.stack, STACKS),
        ("kafka", request.kafka, KAFKA_KINDS),
        ("damages", request.coverage, ("", *DAMAGES)),
    ):
        if value not in allowed:
            raise UsageError(f"There is no {name} '{value}'.", hint=f"Choose one of: {', '.join(allowed)}.")
    if request.partitions != 1 and request.kafka != "broker":
        raise UsageError("The mock broker's topics have one partition.", hint="Leave --partitions out.")
    if request.stack != "local" and request.kafka != "broker":
        raise UsageError(f"Stack {request.stack} uses its own brokers.", hint="Leave --kafka out.")
    if request.mode == PROVE and request.suites:
        raise UsageError("A proof needs a whole run.", hint="`prove_suites` narrows what is proved.")
    if request.input_topic is not None and request.mode != OBSERVE:
        raise UsageError("A run replays into its own topic.", hint="--input-topic is for --mode observe.")


def _refuse_long_replay(subject: Subject, request: RunRequest, host: HostSettings) -> None:
    seconds = expected_sec(subject.replay.events, factor_of(request.speed)) if subject.replay else None
    if seconds and host.longest_replay_sec and seconds > host.longest_replay_sec:
        raise UsageError(
            f"At --speed {request.speed} the replay takes {seconds:,.0f} s; here it may take "
            f"{host.longest_replay_sec:,.0f} s.",
            hint="Choose a higher speed, limit the --events, or use the command line, which has no such limit.",
        )


def _script_file(path: str | None, option: str, dialect: Dialect) -> str | None:
    if path is None:
        return None
    resolved = Path(path).expanduser().resolve()
    if not resolved.is_file():
        raise UsageError(f"{option}: there is no file {resolved}.", hint="Give the path of a file of SQL statements.")
    if not read_script(resolved, dialect):
        raise UsageError(f"{option}: {resolved} holds no statement.", hint="Give the path of a file of SQL statements.")
    return str(resolved)
