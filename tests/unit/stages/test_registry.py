"""The one list of stages: which a run has, in what order, and what each waits for."""

from __future__ import annotations

import pytest

from streamproof.model.errors import UsageError
from streamproof.model.plan import OBSERVE, PROVE, Role
from streamproof.model.rungs import Rung
from streamproof.runs.stage import Stage, StageList
from streamproof.stages.registry import STAGES

EVERYTHING = ("trace", "contracts", "published", *Rung)
CONSERVED = ("raw_complete", "ids_accounted", "records_accounted")
SUITES = ("raw_typed", "api")
FULL = ["stack_up", "schema_apply", "pipeline_ready", "replay_events", "pipeline_wait", "query_pack",
        "assert_raw_typed", "assert_api", "contracts", "conservation", "oracle", "publish_summary",
        "stack_down"]  # fmt: skip


def names(mode="full", offers=EVERYTHING, options=()):
    return [stage.name for stage in STAGES.planned(mode, SUITES, offers=offers, options=options)]


def test_a_full_run_has_every_stage_in_order():
    assert names() == FULL
    assert names("smoke") == FULL


def test_injection_is_a_stage_between_the_drain_and_the_trace_where_it_is_asked_for():
    assert names(options=["inject"]) == [*FULL[:5], "inject", *FULL[5:]]


def test_a_stack_that_is_kept_is_not_taken_down():
    assert names(options=["keep_stack"]) == FULL[:-1]


def test_an_observation_starts_nothing_and_takes_nothing_down():
    assert names(OBSERVE) == [
        "warehouse_check", "query_pack", "assert_raw_typed", "assert_api", "contracts", "publish_summary",
    ]  # fmt: skip


def test_the_proof_is_the_last_that_judges():
    found = STAGES.planned(PROVE, SUITES, offers=EVERYTHING)
    assert [stage.name for stage in found if stage.role is Role.JUDGE][-1] == "prove"


@pytest.mark.parametrize(
    ("missing", "stage"),
    [
        (("trace",), "query_pack"), (("contracts",), "contracts"), (CONSERVED, "conservation"),
        (("foretold",), "oracle"), (("drained",), "pipeline_wait"),
    ],
)  # fmt: skip
def test_what_a_pack_does_not_offer_has_no_stage(missing, stage):
    offers = [name for name in EVERYTHING if name not in missing]
    assert names(offers=offers) == [name for name in FULL if name != stage]


@pytest.mark.parametrize("rung", CONSERVED)
def test_one_rung_is_enough_for_a_stage_of_several(rung):
    offers = [name for name in EVERYTHING if name == rung or name not in CONSERVED]
    assert "conservation" in names(offers=offers)


def test_each_rung_is_proved_by_a_stage_that_plans_name():
    planned = STAGES.planned("full", SUITES, offers=EVERYTHING)
    assert {rung for stage in planned for rung in stage.rungs} == set(Rung)


def test_a_suite_has_a_stage_of_its_own():
    stage = STAGES["assert_api"]
    assert (stage.name, stage.judges, stage.per_suite) == ("assert_api", True, False)


def test_an_unknown_stage_is_a_usage_error_that_lists_them():
    with pytest.raises(UsageError) as raised:
        STAGES["nothing"]
    assert "query_pack" in raised.value.hint


def test_a_stage_waits_for_what_an_absent_one_waits_for():
    present = [stage.name for stage in STAGES.of_modes([PROVE], options=())]
    assert "inject" not in present
    assert STAGES.upstream(STAGES["query_pack"], present) == ("pipeline_wait",)
    assert STAGES.upstream(STAGES["publish_summary"], present) == ("prove",)


def test_without_a_proof_the_verdict_waits_for_every_check():
    present = [stage.name for stage in STAGES.of_modes(["full", OBSERVE], options=["inject"])]
    assert STAGES.upstream(STAGES["publish_summary"], present) == (
        "assert_suite",
        "contracts",
        "conservation",
        "oracle",
    )


def test_what_comes_behind_a_late_drain_requires_the_replay():
    present = [stage.name for stage in STAGES.of_modes(["full", OBSERVE], options=["inject"])]
    assert STAGES.required(STAGES["inject"], present) == ("replay_events",)
    assert STAGES.required(STAGES["query_pack"], present) == ("replay_events", "warehouse_check")
    assert STAGES.required(STAGES["pipeline_wait"], present) == ()
    assert STAGES.required(STAGES["contracts"], present) == ()


def test_every_stage_that_one_waits_for_is_in_the_list_before_it():
    seen = set()
    for stage in STAGES:
        assert set(stage.after) <= seen
        seen.add(stage.name)


def test_a_new_stage_is_one_entry():
    stages = StageList([*STAGES, Stage("count_sheep", lambda ctx: None, ("full",), Role.JUDGE, after=("query_pack",))])
    planned = stages.planned("full", SUITES, offers=EVERYTHING)
    assert planned[-1].name == "count_sheep"
