"""What the two checks of an oracle say, and what `sessions.json` holds, of a warehouse that is made up."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from packs.livepeer import oracle as livepeer
from streamproof.checks import oracle as service
from streamproof.checks.oracle import OracleJudge
from streamproof.checks.oracle_parts import IDENTITY, SESSIONS_MATCH, load_oracle, read_oracle_sql
from streamproof.checks.query_pack import QueryResult
from streamproof.model.errors import SqlSourceError, UsageError
from streamproof.model.results import Status
from streamproof.packs.loading import load_pack
from streamproof.sql.dialects import CLICKHOUSE

CLEAN, SWAP, OTHER = (
    f"scenario_{name}"
    for name in ("1_clean_success_no_swap_fps_gt_12", "3_success_with_swap", "5_out_of_category_baseline")
)


def expected(session: str, **values: Any) -> dict[str, Any]:
    row = {**dict.fromkeys(livepeer.FIELDS), "workflow_session_id": session, "event_count": 3, "trace_count": 2}
    return {**row, "status_sample_count": 1, "scenarios": [CLEAN], "scenario_observed": CLEAN, **values}


def observed(session: str, **values: Any) -> dict[str, Any]:
    row = expected(session, **values)
    return {name: value for name, value in row.items() if name not in ("scenarios", "scenario_observed", "trace_count")}


class Warehouse:
    """Answers the oracle's queries."""

    def __init__(self, facts: list[dict[str, Any]], classes: dict[str, list[str]], **evidence: int) -> None:
        self.facts, self.classes = facts, classes
        self.evidence = {"raw_events": 3, "typed_rows": 3, "status_samples": 1, "trace_edges": 2, **evidence}
        self.broken = ""

    def answer(self, _client: Any, query: Any, parameters: Any) -> QueryResult:
        rows = {
            SESSIONS_MATCH: self.facts,
            IDENTITY: [{"workflow_session_id": row["workflow_session_id"]} for row in self.facts],
            "session_evidence": [
                {"workflow_session_id": one, **self.evidence} for one in parameters.get("sessions", ())
            ],
        }.get(query.name)
        if rows is None:
            assert parameters["limit_per_scenario"] > 1_000_000
            named = [session for session, names in self.classes.items() if query.name in names]
            rows = [{"workflow_session_id": session, "scenario_name": query.name} for session in named]
        columns = tuple(rows[0]) if rows else ()
        error = "no such table" if query.name == self.broken else None
        return QueryResult(query.name, query.source, columns, tuple(tuple(row.values()) for row in rows), error, 0.0)


@pytest.fixture
def judge(home, monkeypatch):
    """The function that judges a made-up warehouse."""
    pack = load_pack(home, "livepeer")
    sql = read_oracle_sql(home, pack)

    def run(warehouse: Warehouse, rows: list[dict[str, Any]], labels: list[tuple[str, str]]):
        monkeypatch.setattr(service, "run_query", warehouse.answer)
        return OracleJudge(load_oracle(pack), sql, rows, labels, id_field="workflow_session_id")

    return run


def test_sessions_that_are_as_expected_pass(judge):
    found = judge(Warehouse([observed("a|1")], {"a|1": [CLEAN]}), [expected("a|1")], [("a|1", CLEAN)]).judge(None)
    assert [(check.name, check.status, check.failed_rows) for check in found.checks] == [
        (SESSIONS_MATCH, Status.PASSED, 0),
        (IDENTITY, Status.PASSED, 0),
    ]
    (row,) = found.sessions
    assert (row["scenario_expected"], row["scenario_observed"], row["oracle_differences"]) == (CLEAN, CLEAN, [])
    assert not {"scenarios", "param_updates"} & set(row)
    assert {check.layer for check in found.checks} == {"sessions"}


def test_a_differing_field_is_named_with_both_values(judge):
    warehouse = Warehouse([observed("a|1", error_count=2), observed("b|1")], {"a|1": [CLEAN], "b|1": [CLEAN]})
    rows = [expected("a|1", error_count=1), expected("b|1")]
    found = judge(warehouse, rows, [("a|1", CLEAN)]).judge(None)
    match, identity = found.checks
    assert (match.status, match.failed_rows, match.sessions, match.layer) == (Status.FAILED, 1, ("a|1",), "sessions")
    difference = {"workflow_session_id": "a|1", "field": "error_count", "expected": 1, "observed": 2}
    assert match.diagnostics["differences"] == [difference]
    assert match.diagnostics["differences_by_field"] == {"error_count": 1}
    assert identity.status is Status.PASSED
    by_session = {row["workflow_session_id"]: row["oracle_differences"] for row in found.sessions}
    assert by_session == {"a|1": [{"field": "error_count", "expected": 1, "observed": 2}], "b|1": []}


@pytest.mark.parametrize(
    ("facts", "rows", "kind"),
    [
        ([], [expected("a|1")], (1, 0)),
        ([observed("a|1")], [], (0, 1)),
        ([observed("a|1"), observed("a|1")], [expected("a|1")], (1, 2)),
    ],
)
def test_missing_unexpected_and_repeated_sessions_fail(judge, facts, rows, kind):
    found = judge(Warehouse(facts, {"a|1": [CLEAN]}), rows, []).judge(None)
    match = found.checks[0]
    assert (match.status, match.sessions) == (Status.FAILED, ("a|1",))
    (difference,) = match.diagnostics["differences"]
    assert (difference["field"], difference["expected"], difference["observed"]) == ("rows", *kind)
    assert {row["workflow_session_id"] for row in found.sessions} == {"a|1"}


@pytest.mark.parametrize(
    ("evidence", "layer"),
    [
        ({"raw_events": 2, "typed_rows": 2}, "raw"),
        ({"raw_events": 9, "typed_rows": 2}, "typed"),
        ({"typed_rows": 4}, "typed"),
        ({"status_samples": 0}, "silver"),
        ({"trace_edges": 3}, "silver"),
        ({}, "sessions"),
    ],
)
def test_the_layer_is_the_first_without_the_rows_of_the_session(judge, evidence, layer):
    warehouse = Warehouse([observed("a|1", event_count=2)], {"a|1": [OTHER]}, **evidence)
    checks = judge(warehouse, [expected("a|1")], [("a|1", CLEAN)]).judge(None).checks
    assert [(check.status, check.layer) for check in checks] == [(Status.FAILED, layer)] * 2


@pytest.mark.parametrize(
    ("labels", "classes", "failing"),
    [
        ([("a|1", CLEAN)], [CLEAN], ()),
        ([("a|1", SWAP)], [SWAP, CLEAN], ()),
        ([("a|1", CLEAN)], [SWAP, CLEAN], ()),
        ([("a|1", CLEAN), ("a|1", SWAP)], [SWAP, CLEAN], ()),
        ([("a|1", CLEAN), ("a|1", SWAP)], [CLEAN], ("a|1",)),
        ([("a|1", OTHER)], [CLEAN], ("a|1",)),
        ([("a|1", CLEAN), ("z|9", CLEAN)], [CLEAN], ("z|9",)),
        ([("", CLEAN), ("a|1", CLEAN)], [CLEAN], ()),
        ([("a|1", "no such scenario")], [CLEAN], ("a|1",)),
    ],
)
def test_a_fixture_session_must_be_among_its_scenario(judge, labels, classes, failing):
    found = judge(
        Warehouse([observed("a|1")], {"a|1": classes}),
        [expected("a|1", scenarios=classes, scenario_observed=classes[0])],
        labels,
    ).judge(None)
    match, identity = found.checks
    assert match.status is Status.PASSED
    assert identity.sessions == failing
    assert identity.failed_rows == len(failing)
    assert identity.status is (Status.FAILED if failing else Status.PASSED)


def test_fractions_have_six_decimals_in_the_file_and_agree_within_one_millionth(judge):
    warehouse = Warehouse([observed("a|1", avg_output_fps=16.8800324675)], {"a|1": [CLEAN]})
    found = judge(warehouse, [expected("a|1", avg_output_fps=16.880032)], []).judge(None)
    assert found.checks[0].status is Status.PASSED
    assert found.sessions[0]["avg_output_fps"] == 16.880032
    warehouse = Warehouse([observed("a|1", avg_output_fps=16.8800335)], {"a|1": [CLEAN]})
    found = judge(warehouse, [expected("a|1", avg_output_fps=16.880032)], []).judge(None)
    assert found.checks[0].diagnostics["differences_by_field"] == {"avg_output_fps": 1}


def test_a_mislabelled_session_shows_both_scenarios(judge):
    found = judge(Warehouse([observed("a|1")], {"a|1": [CLEAN]}), [expected("a|1")], [("a|1", SWAP)]).judge(None)
    assert found.checks[1].diagnostics["differences"] == [
        {"workflow_session_id": "a|1", "expected": SWAP, "observed": [CLEAN]}
    ]
    assert [(row["scenario_expected"], row["scenario_observed"]) for row in found.sessions] == [(SWAP, CLEAN)]


def test_a_session_without_a_label_and_one_that_is_gone_are_rows_too(judge):
    found = judge(Warehouse([observed("a|1")], {"a|1": [CLEAN]}), [expected("a|1")], [("gone|1", CLEAN)]).judge(None)
    rows = {row["workflow_session_id"]: (row["scenario_expected"], row["scenario_observed"]) for row in found.sessions}
    assert rows == {"a|1": (None, CLEAN), "gone|1": (CLEAN, None)}


def test_without_sessions_there_is_nothing_to_judge(judge):
    checks = judge(Warehouse([], {}), [], [("", CLEAN)]).judge(None).checks
    assert {check.status for check in checks} == {Status.SKIPPED}
    assert all(check.diagnostics["skip_reason"].startswith("nothing to judge: no session") for check in checks)


def test_a_warehouse_that_cannot_be_read_leaves_both_unjudged(judge):
    warehouse = Warehouse([observed("a|1")], {})
    warehouse.broken = CLEAN
    checks = judge(warehouse, [expected("a|1")], []).run(None)
    assert [(check.name, check.status, check.error) for check in checks] == [
        (SESSIONS_MATCH, Status.ERRORED, "no such table"),
        (IDENTITY, Status.ERRORED, "no such table"),
    ]


def test_facts_that_cannot_be_compared_cost_no_scenario(judge, monkeypatch):
    unreadable = Warehouse([observed("a|1")], {"a|1": [CLEAN]})
    unreadable.broken = SESSIONS_MATCH
    found = judge(unreadable, [expected("a|1")], [("a|1", CLEAN)]).judge(None)
    assert [(check.status, check.error) for check in found.checks] == [
        (Status.ERRORED, "no such table"),
        (Status.PASSED, None),
    ]

    subject = judge(Warehouse([observed("a|1")], {"a|1": [CLEAN]}), [expected("a|1")], [("a|1", CLEAN)])

    def breaks(*_):
        raise TypeError("must be real number, not str")

    monkeypatch.setattr(subject._oracle, "compare", breaks)
    match, identity = subject.judge(None).checks
    assert (match.status, match.error) == (Status.ERRORED, "TypeError: must be real number, not str")
    assert identity.status is Status.PASSED


def test_a_long_list_of_differences_is_cut_and_counted(judge):
    rows = [expected(f"{number}|1") for number in range(50)]
    match = judge(Warehouse([], {}), rows, []).judge(None).checks[0]
    assert match.failed_rows == match.diagnostics["sessions_differing"] == 50
    assert len(match.sessions) == len(match.diagnostics["differences"]) == service.SHOWN


@pytest.mark.parametrize(
    ("module", "says"),
    [
        ("packs.livepeer.nowhere", "cannot be imported"),
        ("packs.livepeer.generator", "has no PRECEDENCE"),
        ("json", "not of the pack"),
    ],
)
def test_an_oracle_that_is_none_is_named(home, module, says):
    with pytest.raises(UsageError, match=says):
        load_oracle(load_pack(home, "livepeer").model_copy(update={"oracle": module}))


def test_the_queries_of_an_oracle_are_complete(home, tmp_path):
    pack = SimpleNamespace(sql_dir=tmp_path / "include" / "sql", name="p", dialect=CLICKHOUSE)
    folder = tmp_path / "include" / "sql" / "oracle"
    (folder / "evidence").mkdir(parents=True)
    text = (home / "include/sql/livepeer/oracle/scenario_identity.sql").read_text()
    (folder / "scenario_identity.sql").write_text(text)
    with pytest.raises(SqlSourceError, match="holds the queries scenario_identity"):
        read_oracle_sql(tmp_path, pack)
    (folder / "all.sql").write_text(text.replace("scenario_identity", SESSIONS_MATCH))
    with pytest.raises(SqlSourceError, match="must hold one query"):
        read_oracle_sql(tmp_path, pack)
