"""`streamproof dlq replay`: send a window of dead letters again, and judge what became of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streamproof.cli.commands.dlq.opening import Options, opened
from streamproof.cli.commands.dlq.showing import Progress, show
from streamproof.cli.environment import read_environment
from streamproof.cli.options import FromTs, Json, LookbackHours, Pack, ToTs, named
from streamproof.model.errors import EXIT_CHECK_FAILED, EXIT_NOT_JUDGED

if TYPE_CHECKING:
    from streamproof.dead_letters.pipeline import Pipeline
    from streamproof.dead_letters.request import ReplayRequest
    from streamproof.environment import Environment

_VERDICTS = {"passed": 0, "failed": EXIT_CHECK_FAILED, "error": EXIT_NOT_JUDGED}
Run = Annotated[
    str | None,
    typer.Option("--run", help="A run or stack that is up: its topics, brokers and database.", metavar="RUN_ID"),
]
Bootstrap = Annotated[
    str | None, typer.Option("--bootstrap", help="Brokers; REPLAY_KAFKA_BOOTSTRAP.", metavar="HOST:PORT")
]
DlqTopic = Annotated[
    str | None, typer.Option("--dlq-topic", help="Topic to read; REPLAY_DLQ_TOPIC, else the pack's.", metavar="NAME")
]
OutputTopic = Annotated[
    str | None,
    typer.Option("--output-topic", help="Topic to send to; REPLAY_OUTPUT_TOPIC, else the pack's.", metavar="NAME"),
]
FailureClass = Annotated[
    list[str] | None, typer.Option("--failure-class", help="Only this class; can be repeated.", metavar="CLASS")
]
Reason = Annotated[
    list[str] | None, typer.Option("--reason", help="Only this reason; can be repeated.", metavar="REASON")
]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", help="Correct each body: the field at PATH gets VALUE (JSON or text).", metavar="PATH=VALUE"),
]
Move = Annotated[list[str] | None, typer.Option("--move", help="Correct each body: a field moves.", metavar="OLD=NEW")]
MaxReplays = Annotated[
    int, typer.Option("--max-replays", help="Skip events that were sent again so often.", min=1, metavar="N")
]
Rate = Annotated[
    float | None, typer.Option("--rate", help="At most N records a second; default: no limit.", metavar="N")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be sent and skipped; send nothing.")]
ReplayId = Annotated[
    str | None, typer.Option("--replay-id", help="Name of the replay; the same id goes on with it.", metavar="ID")
]
AllowPartial = Annotated[
    bool, typer.Option("--allow-partial-window", help="Replay what is left of a window that was partly dropped.")
]
Checklist = Annotated[
    bool, typer.Option("--checklist/--no-checklist", help="Judge afterwards what became of the events (CH_*).")
]
Timeout = Annotated[
    float | None, typer.Option("--timeout", help="Seconds until all must have arrived.", min=1, metavar="SEC")
]


def replay(
    run: Run = None,
    pack: Pack = None,
    bootstrap: Bootstrap = None,
    dlq_topic: DlqTopic = None,
    output_topic: OutputTopic = None,
    from_ts: FromTs = None,
    to_ts: ToTs = None,
    lookback_hours: LookbackHours = None,
    failure_class: FailureClass = None,
    reason: Reason = None,
    set_field: Set = None,
    move: Move = None,
    max_replays: MaxReplays = 2,
    rate: Rate = None,
    dry_run: DryRun = False,
    replay_id: ReplayId = None,
    allow_partial_window: AllowPartial = False,
    checklist: Checklist = True,
    timeout: Timeout = None,
    json: Json = False,
) -> None:
    """Send the bodies of dead letters again whose event time is in [from, to), exactly once, and run the checklist.

    A replay that was killed goes on when it is started again with the same --replay-id and options. Without a window,
    that of REPLAY_START_EPOCH_MS and REPLAY_END_EPOCH_MS counts, else all that the topic holds.
    """
    from streamproof.dead_letters.request import ReplayRequest, edits_of

    environment = read_environment()
    options = Options(run, pack, bootstrap, dlq_topic, output_topic, needs_warehouse=checklist and not dry_run)
    pipeline, variables = opened(environment, options)
    start_ms, end_ms = options.window(variables, from_ts, to_ts, lookback_hours)
    request = ReplayRequest(
        start_ms,
        end_ms,
        failure_classes=named(failure_class),
        reasons=named(reason),
        edits=edits_of(move, set_field),
        max_replays=max_replays,
        rate=rate,
        allow_partial=allow_partial_window,
    )
    document = _replayed(environment, pipeline, request, replay_id, dry_run, checklist, timeout)
    show(document, json=json)
    if document["checklist"] is not None:
        raise typer.Exit(_VERDICTS[document["checklist"]["verdict"]])


def _replayed(
    environment: Environment,
    pipeline: Pipeline,
    request: ReplayRequest,
    replay_id: str | None,
    dry_run: bool,
    checklist: bool,
    timeout: float | None,
) -> dict[str, Any]:
    """Return the document of a replay, or of its dry run."""
    from streamproof.dead_letters.checklist import read_checklist
    from streamproof.dead_letters.replaying import judge, preview_replay, replay, replay_folder

    folder = replay_folder(environment.dlq_replays, replay_id or f"dlq-{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
    if dry_run:
        plan = preview_replay(pipeline, request, folder)
        return {"folder": str(folder.path), "dry_run": True, "plan": plan, "sent": None, "checklist": None}
    of_pack = pipeline.pack
    files = read_checklist(of_pack.sql_dir, home=environment.home, dialect=of_pack.dialect) if checklist else None
    progress = Progress()
    plan, sent = replay(pipeline, request, folder, planned=progress.planned, watch=progress.sent)
    judged = judge(pipeline, plan, folder, files, timeout=timeout) if files else None
    return {"folder": str(folder.path), "dry_run": False, "plan": plan, "sent": sent, "checklist": judged}
