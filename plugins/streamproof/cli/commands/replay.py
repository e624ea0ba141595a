"""`streamproof replay`: publish a fixture set to a topic that is already there."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streamproof.cli.environment import kafka_settings, read_environment
from streamproof.cli.options import Events, Json, Pack, ShiftTo, Speed, named
from streamproof.cli.output import emit_json, progress_console, result_console
from streamproof.model.errors import UsageError

if TYPE_CHECKING:
    from streamproof.environment import Environment
    from streamproof.packs.pack import Pack as PackModel
    from streamproof.replaying.request import Prepared, ReplayRequest

Manifest = Annotated[
    str | None, typer.Option("--manifest", help="Fixture set of the pack, or path.", metavar="SET|PATH")
]
Bootstrap = Annotated[
    str | None, typer.Option("--bootstrap", help="Brokers; default KAFKA_BOOTSTRAP.", metavar="HOST:PORT")
]
Topic = Annotated[str | None, typer.Option("--topic", help="Default: the pack's input topic.", metavar="NAME")]
Scenario = Annotated[
    list[str] | None, typer.Option("--scenario", help="Only this scenario; can be repeated.", metavar="NAME")
]
TolerateBadLines = Annotated[
    bool, typer.Option("--tolerate-bad-lines", help="Leave out malformed lines; count and report them.")
]
TopicPartitions = Annotated[
    int | None,
    typer.Option("--partitions", help="Partitions that the topic has; a dry run counts by them.", metavar="N", min=1),
]
ReplayId = Annotated[str | None, typer.Option("--run-id", help="Name of the replay and of its ledger.", metavar="ID")]
Resume = Annotated[
    str | None, typer.Option("--resume", help="Go on with an interrupted replay; nothing is sent twice.", metavar="ID")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Report what would be published; ask no broker.")]


def replay(
    manifest: Manifest = None,
    pack: Pack = None,
    bootstrap: Bootstrap = None,
    topic: Topic = None,
    scenario: Scenario = None,
    speed: Speed = "max",
    shift_to: ShiftTo = None,
    events: Events = None,
    partitions: TopicPartitions = None,
    tolerate_bad_lines: TolerateBadLines = False,
    run_id: ReplayId = None,
    resume: Resume = None,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Publish events in time order, every one acknowledged. An interrupted replay can be resumed."""
    from streamproof.replaying.request import ReplayRequest

    environment = read_environment()
    given: dict[str, Any] = {
        "manifest": manifest, "pack": pack, "topic": topic, "scenario": scenario, "shift-to": shift_to,
        "events": events, "partitions": partitions, "run-id": run_id, "tolerate-bad-lines": tolerate_bad_lines,
        "dry-run": dry_run, "speed": None if speed == "max" else speed,
    }  # fmt: skip
    if resume is not None:
        _resumed(environment, resume, given, bootstrap, json=json)
        return
    the_pack = environment.packs.load(pack)
    request = ReplayRequest(
        str(the_pack.manifest(manifest)),
        topic or the_pack.input_topic,
        scenarios=named(scenario),
        tolerate_bad_lines=tolerate_bad_lines,
        speed=speed,
        shift_to=shift_to,
        events=events,
        partitions=partitions,
    )
    if dry_run:
        _show({"dry_run": True, **_planned(the_pack, request)[1]}, json=json)
    else:
        new_id = run_id or f"replay-{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"
        _begun(environment, the_pack, request, new_id, bootstrap, json=json)


def _planned(pack: PackModel, request: ReplayRequest) -> tuple[Prepared, dict[str, Any]]:
    from streamproof.replaying.preview import plan_document
    from streamproof.replaying.request import prepare
    from streamproof.transport.registry import transport_of

    prepared = prepare(request, pack, datetime.now(UTC))
    return prepared, plan_document(prepared, transport_of(pack.transport))


def _begun(
    environment: Environment, pack: PackModel, request: ReplayRequest, run_id: str, bootstrap: str | None, *, json: bool
) -> None:
    from streamproof.replaying.ledger import ledger_of
    from streamproof.replaying.replays import Target, begin
    from streamproof.report.terminal.replay import ReplayProgress
    from streamproof.transport.registry import transport_of

    settings, unlocked = kafka_settings(bootstrap), ledger_of(environment.replays, run_id)
    unlocked.require_new()
    prepared, plan = _planned(pack, request)
    console = progress_console()
    console.print(
        f"Replay {run_id}: {plan['events']:,} events to {request.topic}. If it is interrupted: "
        f"streamproof replay --resume {run_id}",
        markup=False,
    )
    with (
        unlocked as ledger,
        ReplayProgress(console, plan["events"], plan["expected_sec"]) as shown,
    ):
        target = Target(transport_of(pack.transport), settings, progress=shown.add)
        result = begin(prepared, pack, ledger, target)
    where = {"bootstrap_servers": settings.bootstrap_servers, "ledger": str(ledger.folder)}
    _show({"dry_run": False, **plan, **result, **where}, json=json)


def _resumed(
    environment: Environment, run_id: str, given: Mapping[str, Any], bootstrap: str | None, *, json: bool
) -> None:
    from pathlib import Path

    from streamproof.packs.loading import read_pack
    from streamproof.replaying.ledger import ledger_of
    from streamproof.replaying.replays import Target, go_on
    from streamproof.report.terminal.replay import ReplayProgress
    from streamproof.transport.registry import transport_of

    for option, value in given.items():
        if value:
            raise UsageError(
                f"--{option} belongs to a new replay; --resume goes on with the options of {run_id}.",
                hint="Leave it out.",
            )
    ledger = ledger_of(environment.replays, run_id)
    started = ledger.read()
    settings = kafka_settings(bootstrap)
    pack = read_pack(Path(started.pack_file), environment.home, environment.packs.packages)
    with ledger, ReplayProgress(progress_console(), started.records) as shown:
        target = Target(transport_of(pack.transport), settings, progress=shown.add, resumed=shown.before)
        result = go_on(pack, ledger, target)
    facts = {"manifest": started.request.manifest, "topic": started.request.topic, "events": started.records}
    where = {"bootstrap_servers": settings.bootstrap_servers, "ledger": str(ledger.folder)}
    _show({"dry_run": False, **facts, **result, **where}, json=json)


def _show(facts: Mapping[str, Any], *, json: bool) -> None:
    for notice in (*facts.get("notices", ()), *(f"left out: {line}" for line in facts.get("bad_lines", ()))):
        progress_console().print(f"Notice: {notice}", markup=False)
    if json:
        emit_json(facts)
        return
    from streamproof.report.terminal.replay import replay_lines

    for line in replay_lines(facts):
        result_console(json=json).print(line, markup=False)
