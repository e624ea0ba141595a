"""Made-up runs for the renderers: one that passed, one with failed checks, one that could not be judged."""

from __future__ import annotations

from typing import Any

from streamproof.model.plan import RunPlan
from streamproof.model.results import CheckResult, StageResult, Status
from streamproof.model.rungs import Rung
from streamproof.model.stack import ProcessIdentity, ServiceState, StackState
from streamproof.stages.registry import STAGES

# The rungs of a pack without an oracle.
RUNGS = tuple(rung.value for rung in Rung if rung is not Rung.FORETOLD)
FOLDER = "/home/ada/streamproof/artifacts/test-runs/20260301T021500Z-4f1a"

_SUITE = "include/sql/livepeer/assertions/raw_typed"
_RAW_TYPED = {
    "raw_events_present": {"raw_events": 4321, "families": 7},
    "raw_to_typed_counts_match": {"raw_core": 3988, "typed_core": 3988, "missing": 0},
    "typed_core_ids_resolve": {"orphans": 0},
    "dlq_matches_plan": {"expected": 0, "seen": 0},
    "capability_rows_per_orchestrator": {"orchestrators": 9, "rows": 27},
    "no_duplicate_event_ids": {"duplicates": 0},
}
_DURATIONS = {
    "stack_up": (0.0, 2.31),
    "schema_apply": (2.32, 0.21),
    "pipeline_ready": (2.54, 0.62),
    "replay_events": (3.17, 0.48),
    "pipeline_wait": (3.66, 1.94),
    "query_pack": (5.61, 0.12),
    "assert_raw_typed": (5.75, 0.31),
    "contracts": (5.75, 2.85),
    "conservation": (5.75, 0.22),
    "oracle": (5.75, 0.4),
    "publish_summary": (9.1, 0.18),
    "stack_down": (9.3, 0.7),
}


def plan(**changes: Any) -> RunPlan:
    values: dict[str, Any] = {
        "run_id": "20260301T021500Z-4f1a", "pack": "livepeer", "pack_file": "/h/pack.yaml",
        "mode": "full", "stack": "local",
        "processor": "local", "kafka": "broker", "home": "/home/ada/streamproof", "folder": FOLDER,
        "manifest": "/home/ada/streamproof/include/fixtures/livepeer/golden/manifest.json",
        "fixture_sha256": "9f2c1d7be04c5a8e" * 4, "fixture_events": 4321,
        "window": {"from_ts": "2026-02-25T15:00:00.000Z", "to_ts": "2026-02-25T23:00:00.000Z"},
        "suites": ("raw_typed",), "keep_stack": False, "tolerate_bad_lines": False, "inject": None,
        "git_commit": "0d4c9a1f6f6f4f3ab7cbe1de9a8b2c3d4e5f6071",
        "rerun": "streamproof run", "created_at": "2026-03-01T02:15:00.000Z",
        "cache_dir": "/home/ada/.cache/streamproof", "java": None, "owner": ProcessIdentity(4242, 1.0), "notices": (),
    }  # fmt: skip
    values |= changes
    offers = ("trace", "contracts", "published", *RUNGS)
    options = [name for name in ("inject", "keep_stack") if values[name]]
    values.setdefault("rungs", RUNGS)
    values.setdefault("stages", STAGES.planned(values["mode"], values["suites"], offers=offers, options=options))
    return RunPlan(**values)


def stack_state() -> StackState:
    services = [("kafka", "4.3.0", 9092), ("clickhouse", "26.5.1", 8123), ("processor", "0.1.0", 0)]
    return StackState(
        name="run", status="ready", supervisor=ProcessIdentity(100, 1.0), kafka_kind="broker",
        bootstrap_servers="127.0.0.1:41233", clickhouse_host="127.0.0.1", clickhouse_port=41871,
        clickhouse_tcp_port=41872, clickhouse_user="default",
        services=tuple(
            ServiceState(name, ProcessIdentity(101 + number, 1.0), {"main": port}, f"logs/{name}.log", version)
            for number, (name, version, port) in enumerate(services)
        ),
    )  # fmt: skip


def _moment(seconds: float) -> str:
    return f"2026-03-01T02:15:{seconds:06.3f}Z"


def stage(name: str, status: Status = Status.PASSED, **changes: Any) -> StageResult:
    start, length = _DURATIONS[name]
    values: dict[str, Any] = {
        "started_at": _moment(start), "ended_at": _moment(start + length), "duration_sec": length,
    }  # fmt: skip
    return StageResult(stage=name, status=status, **{**values, **changes})


def check(name: str, status: Status = Status.PASSED, **changes: Any) -> CheckResult:
    values: dict[str, Any] = {
        "suite": "raw_typed", "duration_sec": 0.021, "layer": "typed", "source_file": f"{_SUITE}/{name}.sql",
        "line": 5, "meaning": "An event that arrived is lost without a reject.",
        "diagnostics": _RAW_TYPED.get(name, {}),
    }  # fmt: skip
    return CheckResult(name=name, status=status, **{**values, **changes})


def contract_documents(*, broken: bool = False) -> dict[str, dict[str, Any]]:
    def item(kind: str, column: str, unexpected: int = 0, **result: Any) -> dict[str, Any]:
        return {
            "success": unexpected == 0,
            "expectation_config": {"type": f"expect_column_values_to_{kind}", "kwargs": {"column": column}, "meta": {}},
            "result": {"element_count": 1204, "unexpected_count": unexpected, **result},
            "exception_info": {"raised_exception": False, "exception_traceback": None, "exception_message": None},
        }

    status = [
        item("not_be_null", "workflow_session_id"),
        item("be_between", "output_fps", 3 if broken else 0, partial_unexpected_list=[-1.0, -2.5, -1.0] * broken),
        item("be_in_set", "state"),
    ]
    return {
        "ai_stream_status": {"rows": 1204, "success": not broken, "results": status},
        "stream_trace_events": {"rows": 2210, "success": True, "results": [item("match_regex", "trace_type")]},
        "payment_events": {"rows": 0, "needs": "at least one create_new_payment event"},
    }


def conservation(**changes: Any) -> StageResult:
    names = ("published_equals_raw", "one_disposition_per_record", "rows_named_exist", "no_unnamed_rows")
    checks = tuple(
        check(
            name,
            suite="conservation",
            layer="raw",
            source_file=f"{_SUITE.replace('raw_typed', 'conservation')}/{name}.sql",
        )
        for name in names
    )
    return stage("conservation", checks=checks, **changes)


EXPECTED = {
    "dlq": {"stream_trace": 3, "": 2},
    "quarantine": {"ai_stream_status": 4},
    "ignored": {"app_ping": 5},
}


def passed_results() -> dict[str, StageResult]:
    queries = [
        {
            "name": "01_raw_event_counts", "source_file": "include/sql/livepeer/trace/01.sql",
            "rows": [
                {"event_type": "ai_stream_status", "events": 1204, "first": "2026-02-25 16:00:01.250"},
                {"event_type": "stream_trace", "events": 2210, "first": "2026-02-25 16:00:00.125"},
            ],
        }
    ]  # fmt: skip
    stages = [
        stage("stack_up"), stage("schema_apply"), stage("pipeline_ready"),
        stage("replay_events", details={"published": 4321, "expected": EXPECTED}),
        stage("pipeline_wait"), stage("query_pack", details={"queries": queries}),
        stage("assert_raw_typed", checks=tuple(check(name) for name in _RAW_TYPED)),
        stage("contracts", checks=tuple(
            check(f"{table}.not_null", suite="contracts", source_file=f"include/contracts/livepeer/{table}.yaml")
            for table in ("ai_stream_status", "stream_trace_events", "payment_events"))),
        conservation(details={"dispositions": {"accepted": {"stream_trace": 2207}, **EXPECTED}}),
        stage("publish_summary"), stage("stack_down"),
    ]  # fmt: skip
    return {result.stage: result for result in stages}


def failed_results() -> dict[str, StageResult]:
    results = passed_results()
    broken = check(
        "raw_to_typed_counts_match", Status.FAILED, failed_rows=1, sessions=("strm-7q|req-19c2",),
        diagnostics={
            "raw_core": 3988, "typed_core": 3987, "missing": 1,
            "first_missing_id": "5b0e0c1e-0000-4000-8000-00000000a001",
        },
    )  # fmt: skip
    lost = check(
        "rows_named_exist", Status.FAILED, suite="conservation", failed_rows=1, layer="typed",
        source_file=f"{_SUITE.replace('raw_typed', 'conservation')}/rows_named_exist.sql",
        diagnostics={"table": "stream_trace_events", "named": 2207, "there": 2206, "offsets": [1881]},
    )  # fmt: skip
    rest = tuple(item for item in results["assert_raw_typed"].checks if item.name != broken.name)
    skipped = check("payment_rows_priced", Status.SKIPPED, diagnostics={"needs": "a create_new_payment event"})
    results["assert_raw_typed"] = stage(
        "assert_raw_typed", Status.FAILED, checks=(*rest[:2], broken, skipped, *rest[2:])
    )
    kept = tuple(item for item in results["conservation"].checks if item.name != lost.name)
    results["conservation"] = stage(
        "conservation", Status.FAILED, checks=(*kept, lost), details=results["conservation"].details
    )
    return results


def error_results() -> dict[str, StageResult]:
    results = passed_results()
    kept = {name: results[name] for name in ("stack_up", "schema_apply", "pipeline_ready")}
    kept["replay_events"] = stage(
        "replay_events", Status.ERRORED,
        error="The broker closed the connection after 1,822 of 4,321 events.",
        hint="Look at stack/logs/kafka.log; the last line says why it ended.",
    )  # fmt: skip
    return kept | {name: results[name] for name in ("publish_summary", "stack_down")}


def with_job(summary: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The same summary for a run whose processor is a job on Flink."""
    last = {"bytes": 28_800, "duration_ms": 26}
    job = {
        "version": "2.3.0", "job_id": "ab" * 16, "job": "clicks", "state": "RUNNING", "parallelism": 2, "restarts": 0,
        "checkpoints": {"completed": 1204, "failed": 1, "last": last}, "root_cause": "",
    } | changes  # fmt: skip
    job["checkpoints"] = {"last": None, **job["checkpoints"]}
    return {**summary, "stack": {**summary["stack"], "flink": job}}
