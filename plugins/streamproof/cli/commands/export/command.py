"""`streamproof fixtures export`: cut a fixture set out of a warehouse."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streamproof.cli.environment import read_environment
from streamproof.cli.options import FromTs, Json, LookbackHours, Pack, RunId, ToTs, required_window
from streamproof.cli.output import emit_json, progress_console, result_console
from streamproof.cli.warehouse import chosen_warehouse

if TYPE_CHECKING:
    from streamproof.cli.warehouse import Warehouse
    from streamproof.environment import Environment
    from streamproof.exporting.manifest import Exported
    from streamproof.exporting.request import ExportRequest
    from streamproof.packs.pack import Pack as ThePack
    from streamproof.redaction.redactor import Redactor

NOT_REDACTED = "the set is not redacted: it holds ids, addresses and texts of real users. Do not pass it on."
Out = Annotated[Path, typer.Option("--out", help="Folder for the new set; it must not exist.", metavar="DIR")]
ScenarioSql = Annotated[
    Path | None,
    typer.Option("--scenario-sql", help="Queries for candidates instead of the pack's own.", metavar="FILE"),
]
Limit = Annotated[
    int, typer.Option("--limit-per-scenario", help="Sessions of each scenario, newest first.", min=1, metavar="N")
]
Padding = Annotated[
    int, typer.Option("--session-padding-minutes", help="Before and after each session.", min=0, metavar="N")
]
OpenDuration = Annotated[
    int, typer.Option("--open-session-duration-minutes", help="Of a session without an end.", min=1, metavar="N")
]
WindowPadding = Annotated[
    int,
    typer.Option(
        "--manifest-window-padding-minutes", help="Of the set's window around its sessions.", min=0, metavar="N"
    ),
]
AllowMissing = Annotated[
    bool,
    typer.Option(
        "--allow-missing-scenarios/--require-all-scenarios", help="Export also when a scenario has no session."
    ),
]
Redact = Annotated[
    bool,
    typer.Option("--redact/--no-redact", help="Replace what identifies somebody; key: STREAMPROOF_REDACTION_KEY."),
]


def export(
    context: typer.Context,
    out: Out,
    pack: Pack = None,
    run: RunId = None,
    from_ts: FromTs = None,
    to_ts: ToTs = None,
    lookback_hours: LookbackHours = None,
    scenario_sql: ScenarioSql = None,
    limit_per_scenario: Limit = 3,
    session_padding_minutes: Padding = 5,
    open_session_duration_minutes: OpenDuration = 30,
    manifest_window_padding_minutes: WindowPadding = 60,
    allow_missing_scenarios: AllowMissing = False,
    redact: Redact = True,
    json: Json = False,
) -> None:
    """Cut a fixture set out of a warehouse (CH_*, or a run's): sessions that began in the window, by scenario.

    A pack may have further options: `export.options` in its pack.yaml.
    """
    from streamproof.cli.commands.export.own_options import read_own_options
    from streamproof.exporting.request import ExportRequest, export_of, pack_options

    environment = read_environment()
    warehouse = chosen_warehouse(environment, run, pack)
    options = pack_options(warehouse.pack, read_own_options(context.args, export_of(warehouse.pack).options))
    chosen = None if (from_ts or to_ts or lookback_hours is not None) else warehouse.window
    request = ExportRequest(
        window=chosen or required_window(from_ts, to_ts, lookback_hours),
        out=out,
        limit_per_scenario=limit_per_scenario,
        session_padding_minutes=session_padding_minutes,
        open_session_duration_minutes=open_session_duration_minutes,
        manifest_window_padding_minutes=manifest_window_padding_minutes,
        allow_missing_scenarios=allow_missing_scenarios,
        scenario_sql=scenario_sql,
        options=options,
    )
    redactor = _redactor(warehouse.pack, environment, redact=redact)
    exported = _export(warehouse, request, environment.home, {"run": run} if run else {}, redactor)
    _show(exported, request, json=json)


def _redactor(pack: ThePack, environment: Environment, *, redact: bool) -> Redactor | None:
    from streamproof.redaction.keys import redaction_key
    from streamproof.redaction.redactor import Redactor

    if redact:
        return Redactor(pack.redaction, redaction_key(environment.redaction_key.get_secret_value()))
    progress_console().print(f"Warning: {NOT_REDACTED}", markup=False)
    return None


def _export(
    warehouse: Warehouse, request: ExportRequest, home: Path, run: dict[str, str], redactor: Redactor | None
) -> Exported:
    from streamproof.exporting.export import Export
    from streamproof.report.terminal.long_work import LongWork

    settings = warehouse.settings
    with warehouse.connected() as client, LongWork(progress_console(), "Exporting", "sessions") as work:
        source = {"host": settings.host, "port": settings.port, "database": client.database, **run}
        return Export(
            client,
            warehouse.pack,
            request,
            home,
            source,
            redactor,
            progress=lambda done, of, events: work.show(done, of, f"{events:,} events"),
        ).run()


def _show(exported: Exported, request: ExportRequest, *, json: bool) -> None:
    report = exported.as_json(request.out)
    notices = progress_console()
    for notice in report["notices"]:
        notices.print(f"Notice: {notice}", markup=False)
    if json:
        emit_json(report)
        return
    console = result_console(json=json)
    scenarios: dict[str, Any] = report["scenarios"]
    for name, found in scenarios.items():
        console.print(f"{found['sessions']:>8,} of {found['candidates']:,} candidates  {name}", markup=False)
    console.print(f"{report['manifest']}: {report['sessions']:,} sessions, {report['events']:,} events", markup=False)
