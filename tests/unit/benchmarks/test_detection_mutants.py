"""Mutants of the bench `detection`: drawn by the seed, applied at one point, and set aside when nothing changes."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
import yaml
from cosmic_ray.mutating import mutate_code
from sqlglot.dialects.clickhouse import ClickHouse

from benchmarks.detection.core import Core, CoreError
from benchmarks.detection.judge import Outcome, Verdict, judge_all
from benchmarks.detection.mutants import Mutant, MutationPoint, draw
from benchmarks.detection.operators import OWN
from benchmarks.detection.python_mutants import mutated_code
from benchmarks.detection.report import figures
from benchmarks.detection.sql_mutants import LEFT_OUT, SCHEMA, changed_view, sql_points, view_spans
from benchmarks.detection.sql_operators import OPERATORS, Statement

INCLUDE = Path(__file__).resolve().parents[3] / "include"
CASES = yaml.safe_load((Path(__file__).parent / "sql_mutants.yaml").read_text())
EVENT = (
    b'{"id": "e1", "type": "stream_trace", "timestamp": "1772300000000", "gateway": "gw", "data": {'
    b'"type": "gateway_receive_stream_request", "timestamp": 1772300000000, "stream_id": "s", "request_id": "r"}}'
)
SETS = {"one": [[("streaming_events", 0, 0, 1772300000000, EVENT)]]}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["operator"])
def test_a_change_of_a_view_leaves_the_rest_of_its_text(case):
    operator = next(operator for operator in OPERATORS if operator.__name__ == case["operator"])
    sql = case["sql"]
    changes = operator(Statement.of(ClickHouse().tokenize(sql), sql))
    assert [sql[:start] + new + sql[end:] for (start, end), texts in changes for new in texts] == case["becomes"]


def test_every_operator_over_views_has_a_case():
    assert {case["operator"] for case in CASES} == {operator.__name__ for operator in OPERATORS}


@pytest.mark.parametrize("operator", OWN.values(), ids=OWN.keys())
def test_operators_of_our_own_do_what_they_say(operator):
    for example in operator.examples():
        assert mutate_code(example.pre_mutation_code, operator(), example.occurrence) == example.post_mutation_code


def test_what_is_no_other_program_is_no_mutant():
    assert mutated_code('"""Text."""\nx = f(a, a)\n', "SwapArguments", 0) is None
    assert mutated_code("x = f(a, b)\n", "SwapArguments", 0) == "x = f(b, a)\n"


def test_the_seed_decides_what_is_drawn():
    points = [
        MutationPoint("p.py", n, "x", [(f"way{w}", lambda n=n, w=w: f"{n} {w}") for w in range(3)]) for n in range(50)
    ]
    first, again, other = ([m.mutated for m in draw(points, seed)] for seed in (1, 1, 2))
    assert first == again != other
    assert sorted(int(text.split()[0]) for text in first) == list(range(50))


def test_a_place_without_a_program_is_passed_over():
    assert list(draw([MutationPoint("p.py", 1, "x", [("none", lambda: None)])], 1)) == []


def test_every_view_of_the_schema_is_read_or_named():
    points, left_out = sql_points(INCLUDE)
    changed = {(point.path, point.line) for point in points}
    untouched = set()
    for file in sorted((INCLUDE / SCHEMA).glob("*.j2")):
        text = file.read_text(encoding="utf-8")
        for name, start, end in view_spans(text, file.name):
            lines = range(text.count("\n", 0, start) + 1, text.count("\n", 0, end) + 2)
            if not any((f"{SCHEMA}/{file.name}", line) in changed for line in lines):
                untouched.add(name)
    assert left_out == LEFT_OUT
    assert untouched == left_out.keys()


def test_a_mutant_names_the_view_it_changes():
    sql = "CREATE TABLE t (a Int8) ENGINE = Log;\n-- A view.\nCREATE VIEW v AS SELECT a FROM t;"
    mutant = Mutant(f"{SCHEMA}/0001_x.sql.j2", "change", 1, sql, sql.replace("SELECT a", "SELECT b"))
    assert changed_view(mutant) == ("v", "CREATE VIEW v AS SELECT b FROM t")


@pytest.fixture(scope="module")
def core(tmp_path_factory):
    return Core(INCLUDE, tmp_path_factory.mktemp("core"), SETS, 1772300000000)


def _mutant(before, after):
    path = "pipelines/livepeer/parsers/trace.py"
    original = (INCLUDE / path).read_text()
    assert before in original
    return Mutant(path, "planted", 1, original, original.replace(before, after, 1))


def test_a_planted_mutant_changes_the_rows_and_is_taken_back(core):
    sound = core.run(None, timeout=60)["one"]
    planted = core.run(_mutant('text(data, "stream_id")', 'text(data, "request_id")'), timeout=60)["one"]
    assert not planted.same_as(sound)
    assert core.run(None, timeout=60)["one"].same_as(sound)
    assert {table for table, (_, lines) in sound.rows.items() if lines} >= {
        "stream_trace_events",
        "record_dispositions",
    }


def test_a_mutant_that_changes_no_row_is_equivalent(core):
    sound = core.run(None, timeout=60)["one"]
    assert core.run(_mutant("return [", "return 1 * ["), timeout=60)["one"].same_as(sound)


@pytest.mark.parametrize(
    ("code", "timeout", "said"), [("1 / 0\n", 60, "ZeroDivisionError"), ("while True: pass\n", 1, "no end within")]
)
def test_a_core_that_does_not_end_well_says_so(core, code, timeout, said):
    with pytest.raises(CoreError, match=said):
        core.run(
            _mutant("from __future__ import annotations\n", f"from __future__ import annotations\n{code}"),
            timeout=timeout,
        )


class _Oracle:
    """A judge that knows the outcomes of mutants beforehand."""

    def judge(self, mutant, benches):
        return Verdict(mutant, Outcome(mutant.operator), "", "", 1.0)


def test_equivalent_mutants_are_replaced_and_counted():
    outcomes = itertools.cycle(["detected", "equivalent", "survived", "equivalent", "crash"])
    mutants = [
        Mutant("pipelines/livepeer/core.py", outcome, 1, "a", "b")
        for outcome, _ in zip(outcomes, range(40), strict=False)
    ]
    verdicts = list(judge_all(mutants, [_Oracle(), _Oracle()], {}, 6))
    assert [verdict.mutant for verdict in verdicts] == mutants[:10]
    found = figures(verdicts)
    assert (found["detected"], found["crash"], found["survived"], found["equivalent"]) == (2, 2, 2, 4)
    assert (found["rate"], found["rate_by_checks"]) == (0.6667, 0.5)
    assert [survivor["diff"].splitlines()[-2:] for survivor in found["survivors"]] == [["-a", "+b"]] * 2
