"""`streamproof assert`: run assertion files against a warehouse."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streamproof.cli.environment import read_environment
from streamproof.cli.options import FromTs, Json, LookbackHours, Pack, RunId, SqlFiles, ToTs
from streamproof.cli.output import emit_json, result_console
from streamproof.cli.sql_files import read_files, window_for
from streamproof.cli.warehouse import chosen_warehouse
from streamproof.model.errors import EXIT_CHECK_FAILED, EXIT_NOT_JUDGED, EXIT_PASSED, UsageError
from streamproof.model.results import CheckResult, Status

if TYPE_CHECKING:
    from streamproof.model.window import Window
    from streamproof.sql.blocks import Block
    from streamproof.warehouse.values import AsTyped

_LABELS = {Status.PASSED: "PASS", Status.FAILED: "FAIL", Status.ERRORED: "ERROR", Status.SKIPPED: "SKIP"}


def assert_sql(
    sql_file: SqlFiles = None,
    parameter: Annotated[
        list[str] | None,
        typer.Option(
            "--param", help="A query parameter, read by its type in the SQL; can be repeated.", metavar="NAME=VALUE"
        ),
    ] = None,
    pack: Pack = None,
    run: RunId = None,
    from_ts: FromTs = None,
    to_ts: ToTs = None,
    lookback_hours: LookbackHours = None,
    json_out: Annotated[
        Path | None, typer.Option("--json-out", help="Write the JSON here too.", metavar="PATH")
    ] = None,
    json: Json = False,
) -> None:
    """Run the tests of SQL files against a warehouse, named by CH_HOST, CH_PORT, CH_DATABASE, CH_USER, CH_PASSWORD."""
    from streamproof.checks.assertions import run_checks
    from streamproof.sql.blocks import BlockKind

    if not sql_file:
        raise UsageError("No assertion is named.", hint="Give --sql-file FILE; it can be repeated.")
    warehouse = chosen_warehouse(read_environment(), run, pack)
    tests = read_files(sql_file, BlockKind.TEST, warehouse.pack.dialect)
    window = window_for(tests, from_ts, to_ts, lookback_hours, of_run=warehouse.window)
    times = window.query_parameters() if window else {}
    parameters = {**warehouse.parameters, **times, **_parameters(parameter or (), tests)}
    if json_out is not None and not json_out.absolute().parent.is_dir():
        raise UsageError(
            f"There is no folder {json_out.absolute().parent}.", hint="Make it, or give another --json-out."
        )
    with warehouse.connected() as client:
        results = run_checks(client, tests, parameters, suite="assert")
    document = _document(results, window)
    if json_out is not None:
        from streamproof.runtime.files import write_json

        write_json(json_out, document)
    _show(results, document, json=json)
    raise typer.Exit(_exit_code(results))


def _parameters(given: Sequence[str], tests: Sequence[Block]) -> dict[str, AsTyped]:
    """Parse NAME=VALUE pairs. The SQL decides the type of a value. Raises UsageError for a name that no test has."""
    from streamproof.warehouse.values import AsTyped

    known = sorted({name for test in tests for name in test.parameter_names})
    found: dict[str, AsTyped] = {}
    for pair in given:
        name, equals, text = pair.partition("=")
        if not equals or not name.isidentifier():
            raise UsageError(f"--param '{pair}' is not NAME=VALUE.", hint="For example --param input_topic=events.")
        if name not in known:
            near = ", ".join(difflib.get_close_matches(name, known, n=3) or known)
            hint = f"Did you mean: {near}?" if near else "They have none."
            raise UsageError(f"--param {name}: no test of these files has such a parameter.", hint=hint)
        found[name] = AsTyped(text)
    return found


def _document(results: Sequence[CheckResult], window: Window | None) -> dict[str, Any]:
    return {
        **(window.as_json() if window else {"from_ts": None, "to_ts": None}),
        "checks": {"total": len(results), **{status.value: _count(results, status) for status in Status}},
        "results": [{**result.as_json(), "passed": result.status is Status.PASSED} for result in results],
    }


def _count(results: Sequence[CheckResult], status: Status) -> int:
    return sum(result.status is status for result in results)


def _exit_code(results: Sequence[CheckResult]) -> int:
    """Return 1 when a check failed; else 3 when a check could not be judged or no check judged anything; else 0."""
    if _count(results, Status.FAILED):
        return EXIT_CHECK_FAILED
    if _count(results, Status.ERRORED) or not _count(results, Status.PASSED):
        return EXIT_NOT_JUDGED
    return EXIT_PASSED


def _show(results: Sequence[CheckResult], document: Mapping[str, Any], *, json: bool) -> None:
    from streamproof.report.formatting import diagnostics

    if json:
        emit_json(document)
        return
    console = result_console(json=json)
    for result in results:
        console.print(f"[{_LABELS[result.status]}] {result.name}  ({result.source_file})", markup=False)
        if result.error:
            console.print(f"    {result.error}", markup=False)
        if result.failed_rows:
            console.print(f"    failed_rows={result.failed_rows}", markup=False)
        if result.diagnostics:
            console.print(f"    {diagnostics(result.diagnostics)}", markup=False)
    words = {"passed": "passed", "failed": "failed", "errored": "not judged", "skipped": "skipped"}
    console.print(", ".join(f"{document['checks'][key]} {word}" for key, word in words.items()), markup=False)
