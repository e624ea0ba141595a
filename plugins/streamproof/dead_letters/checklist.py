"""The regression checklist after a replay of dead letters: wait until its records have arrived, then run the checks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from streamproof.checks.assertions import run_checks
from streamproof.checks.query_pack import run_query
from streamproof.dead_letters.pipeline import Pipeline
from streamproof.model.errors import EXIT_CHECK_FAILED, EXIT_NOT_JUDGED, EXIT_PASSED, UsageError, WarehouseError
from streamproof.model.results import CheckResult, Status
from streamproof.model.waiting import Probe, wait_until
from streamproof.model.window import Window, from_epoch_ms
from streamproof.sql.blocks import Block, read_one_query
from streamproof.sql.dialects import CLICKHOUSE, Dialect
from streamproof.sql.reading import shown_path
from streamproof.sql.suites import read_suite
from streamproof.warehouse.base import Warehouse
from streamproof.warehouse.registry import open_warehouse

FOLDER, SUITE = "dead_letters", "dlq_checklist"
LEAST_TIMEOUT_SEC = 60.0
SLOWEST_EVENTS_PER_SEC = 2_000
_HINT = "Is the processor running? `streamproof dlq triage` shows what it rejected."


@dataclass(frozen=True, slots=True)
class ChecklistFiles:
    """The queries of a pack's checklist.

    `arrived` returns a row for each kind of row that a replayed record leaves: `what`, `present`, `expected`.
    """

    arrived: Block
    checks: tuple[Block, ...]


def read_checklist(sql_dir: Path, *, home: Path, dialect: Dialect = CLICKHOUSE) -> ChecklistFiles:
    """Read `dead_letters/arrived.sql` and `dead_letters/checklist/*.sql` of a pack. Raises SqlSourceError."""
    file = sql_dir / FOLDER / "arrived.sql"
    return ChecklistFiles(
        read_one_query(file, shown_as=shown_path(file, home), dialect=dialect),
        read_suite(sql_dir / FOLDER / "checklist", home=home, dialect=dialect),
    )


@contextmanager
def connected(pipeline: Pipeline) -> Iterator[Warehouse]:
    """Connect to the pipeline's warehouse, and close the connection afterwards. Raises UsageError, WarehouseError."""
    if pipeline.warehouse is None:
        raise UsageError("No warehouse is named.", hint="Set CH_HOST and CH_DATABASE, or give --no-checklist.")
    warehouse = open_warehouse(pipeline.pack.warehouse, pipeline.warehouse)
    try:
        yield warehouse
    finally:
        warehouse.close()


def parameters_of(pipeline: Pipeline, plan: Mapping[str, Any]) -> dict[str, object]:
    """Return the query parameters of the checklist: those of the pack, and of the replay its id, number and window.

    The window is that of the times of what was sent.
    """
    span = plan["span"] or {}
    ends = (from_epoch_ms(span["from_ms"]), from_epoch_ms(span["to_ms"])) if span else None
    return {
        **pipeline.pack.query_parameters,
        **pipeline.rules.parameters,
        **(Window(*ends).query_parameters() if ends else {}),
        "input_topic": plan["output_topic"],
        "replay_id": plan["replay_id"],
        "replayed": plan["selected"],
    }


def wait_for_arrival(
    warehouse: Warehouse, arrived: Block, parameters: Mapping[str, object], *, timeout: float | None = None
) -> float:
    """Wait until the pipeline is done with every record that was sent. Return the seconds waited.

    Raises WaitTimeoutError that says what is missing, WarehouseError when the query cannot be run.
    """
    replayed = int(str(parameters["replayed"]))

    def look() -> Probe:
        result = run_query(warehouse, arrived, parameters)
        if result.error:
            raise WarehouseError(result.error, hint="The query is the pack's.")
        rows = [dict(zip(result.columns, row, strict=True)) for row in result.rows]
        missing = [f"{row['what']} {row['present']} of {row['expected']}" for row in rows
                   if row["present"] < row["expected"]]  # fmt: skip
        if not missing and (running := warehouse.inserts_running()):
            missing = [f"{running} inserts still running"]
        return Probe(not missing, "; ".join(missing))

    return wait_until(
        look,
        timeout=timeout or LEAST_TIMEOUT_SEC + replayed / SLOWEST_EVENTS_PER_SEC,
        message="the replayed records to arrive",
        hint=_HINT,
    )


def judge(warehouse: Warehouse, files: ChecklistFiles, parameters: Mapping[str, object]) -> tuple[CheckResult, ...]:
    """Run the checks of the checklist. All run, whatever one of them says."""
    return run_checks(warehouse, files.checks, parameters, suite=SUITE)


def exit_code(results: Sequence[CheckResult]) -> int:
    """Return 1 when a check failed, 3 when one could not be judged or none judged anything, else 0."""
    statuses = {result.status for result in results}
    if Status.FAILED in statuses:
        return EXIT_CHECK_FAILED
    return EXIT_NOT_JUDGED if Status.ERRORED in statuses or Status.PASSED not in statuses else EXIT_PASSED


def as_document(results: Sequence[CheckResult], waited: float) -> dict[str, Any]:
    """Return the results as plain JSON data."""
    verdicts = {EXIT_PASSED: "passed", EXIT_CHECK_FAILED: "failed", EXIT_NOT_JUDGED: "error"}
    return {
        "verdict": verdicts[exit_code(results)],
        "waited_sec": round(waited, 3),
        "checks": {status.value: sum(result.status is status for result in results) for status in Status},
        "results": [result.as_json() for result in results],
    }
