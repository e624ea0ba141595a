"""Stage `oracle`: compare every session and every row of the warehouse with what the oracle expects from the events.

The oracle of a pack without `entities` expects rows only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from streamproof.checks.oracle import Judgement, OracleJudge
from streamproof.checks.oracle_parts import Expectation, Oracle, Row, load_oracle
from streamproof.fixtures.ordering import ReplayPlan
from streamproof.model.entities.scenarios import is_mislabelled
from streamproof.model.errors import UsageError
from streamproof.model.plan import ORACLE
from streamproof.packs.entities import Entities
from streamproof.packs.pack import Pack
from streamproof.proving.mutations import Subject, block_mutants
from streamproof.runs.context import RunContext, StageOutcome
from streamproof.runtime.files import write_json
from streamproof.stages.expecting.expected import expected_of
from streamproof.stages.judging.parity import judge_parity
from streamproof.stages.judging.promises import promised_sessions
from streamproof.stages.planned import planned_replay
from streamproof.stages.serving.source import served_files

ARTIFACT = "sessions.json"
SHOWN = 50
EXAMPLES = 10


def _judge(ctx: RunContext, oracle: Oracle, replay: ReplayPlan, expected: Sequence[Row]) -> OracleJudge:
    promised = promised_sessions(ctx.pack, replay)
    return OracleJudge(
        oracle,
        ctx.files.oracle_sql,
        expected,
        [(session.id, session.scenario) for session in promised],
        id_field=_entities(ctx.pack).id,
        unpromised=len(replay.sessions) - len(promised),
    )


def oracle_judge(ctx: RunContext) -> OracleJudge:
    """Return the judge of the run's sessions, with facts expected from the values that the replay publishes.

    Raises FixtureError when the fixture set has changed since the run was planned, UsageError or SqlSourceError for a
    pack with a broken oracle.
    """
    oracle, replay = load_oracle(ctx.pack), planned_replay(ctx)
    return _judge(ctx, oracle, replay, _expectation(ctx, oracle, replay).sessions())


def _expectation(ctx: RunContext, oracle: Oracle, replay: ReplayPlan) -> Expectation:
    """Return the expectation for the sessions: it does not need to know where a record is in Kafka."""
    if ctx.pack.source:
        return oracle.Expectation(served_files(ctx))
    return oracle.Expectation((sequence, value) for sequence, (_, value) in enumerate(replay.records()))


def oracle_subjects(ctx: RunContext) -> list[Subject]:
    """Return the checks of entities with their mutations, as one subject because they are judged together.

    A pack without entities has none.
    """
    if ctx.pack.entities is None:
        return []
    judge, sql = oracle_judge(ctx), ctx.files.oracle_sql
    mutants = tuple(mutant for block in sql.checks.values() for mutant in block_mutants(ORACLE, block))
    return [Subject(ORACLE, tuple(sql.checks), mutants, sql.text, run=judge.run, compares_all=True)]


def run(ctx: RunContext) -> StageOutcome:
    """Judge the run's sessions and rows, and write the sessions of a pack with entities to `sessions.json`.

    Raises FixtureError, UsageError, SqlSourceError, WarehouseError.
    """
    oracle, replay = load_oracle(ctx.pack), planned_replay(ctx)
    with ctx.warehouse(cached=True) as warehouse:
        expected = expected_of(ctx, oracle, warehouse, replay)
        parity = judge_parity(ctx, warehouse, expected)
        if ctx.pack.entities is None:
            return StageOutcome(checks=tuple(parity))
        judgement = _judge(ctx, oracle, replay, expected.sessions()).judge(warehouse)
    write_json(ctx.folder.root / ARTIFACT, list(judgement.sessions))
    for check in judgement.checks:
        ctx.log(f"{check.status} {check.name}: {check.failed_rows} sessions differ")
    return StageOutcome(details=_details(judgement, _entities(ctx.pack)), checks=(*judgement.checks, *parity))


def _entities(pack: Pack) -> Entities:
    if pack.entities is None:
        raise UsageError(f"Pack '{pack.name}' has no `entities` to judge.", hint="See docs/write-a-pack.md, 'Oracle'.")
    return pack.entities


def _details(judgement: Judgement, entities: Entities) -> dict[str, Any]:
    """Return the sessions as the report shows them, those that differ from the expectation first."""
    rows = [
        {
            "id": row.get(entities.id),
            "facts": {title: fact.of(row) for title, fact in entities.facts.items()},
            "scenario_expected": row["scenario_expected"],
            "scenario_observed": row["scenario_observed"],
            "differences": len(row["oracle_differences"]),
        }
        for row in judgement.sessions
    ]
    rows.sort(key=lambda row: not (row["differences"] or _is_mislabelled(row)))
    about = {"name": entities.name, "plural": entities.plural}
    return {
        "file": ARTIFACT,
        "entities": about,
        "sessions_total": len(rows),
        "sessions": rows[:SHOWN],
        "scenarios": _scenarios(rows),
    }


def _scenarios(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the number of entities by expected and observed scenario (None for none), with the ids of some."""
    found: dict[tuple[str | None, str | None], list[str]] = {}
    for row in rows:
        found.setdefault((row["scenario_expected"], row["scenario_observed"]), []).append(row["id"])
    return [
        {"expected": expected, "observed": observed, "entities": len(ids), "examples": ids[:EXAMPLES]}
        for (expected, observed), ids in found.items()
    ]


def _is_mislabelled(row: dict[str, Any]) -> bool:
    return is_mislabelled(row["scenario_expected"], row["scenario_observed"])
