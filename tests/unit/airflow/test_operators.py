"""The operators: a stage's result decides what becomes of its task."""

from __future__ import annotations

from dataclasses import replace

import pytest
from airflow.sdk import AssetAlias
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException
from airflow.sdk.execution_time.context import OutletEventAccessors

from streamproof.airflow import operators, params
from streamproof.airflow.alerting.kept import kept_rules
from streamproof.airflow.alerting.rules import AlertOn, AlertRules
from streamproof.airflow.settings import read_settings
from streamproof.model.results import Status
from streamproof.model.stack import ProcessIdentity, StackState
from streamproof.runs.folder import RunFolder, write_json
from streamproof.stages.registry import STAGES

PARAMS = {
    "pack": "livepeer", "mode": "full", "stack": "local", "kafka": "broker", "manifest": None, "suites": [],
    "keep_stack": False, "tolerate_bad_lines": False, "inject": None,
}  # fmt: skip


@pytest.fixture
def stages(monkeypatch):
    """Stand in for the stages: what each results in, and which were run."""
    from streamproof.runs import runner

    results, ran = {}, []

    def run_stage(ctx, stage):
        ran.append(stage.name)
        ctx.folder.write_stage(results[stage.name])
        return results[stage.name]

    monkeypatch.setattr(runner, "run_stage", run_stage)
    return results, ran


def stack_is_up(folder):
    state = StackState("r1", "ready", ProcessIdentity(1, 1.0), "broker", "b:1", "127.0.0.1", 1, 2, "u")
    write_json(folder.stack / "state.json", state.as_json())


class TestPassedOrRaise:
    def test_a_passed_stage_leaves_a_short_summary(self, result):
        told = operators.passed_or_raise(result("contracts"))

        assert told == {"stage": "contracts", "status": "passed", "duration_sec": 4.0, "checks": 0, "failed": []}

    def test_failed_checks_are_named_and_not_tried_again(self, result, failed_check):
        with pytest.raises(AirflowFailException, match=r"raw_typed\.typed_counts failed"):
            operators.passed_or_raise(result("assert_raw_typed", Status.FAILED, checks=(failed_check,)))

    def test_an_error_is_shown_with_its_hint(self, result):
        with pytest.raises(AirflowFailException, match=r"no broker.*Hint: look"):
            operators.passed_or_raise(result("stack_up", Status.ERRORED, error="no broker", hint="look"))

    def test_nothing_judged_is_not_passed(self, result):
        with pytest.raises(AirflowFailException, match="nothing was there to judge"):
            operators.passed_or_raise(result("contracts", Status.SKIPPED))

    def test_the_task_of_a_suite_that_needs_a_run_is_skipped_in_mode_observe(self, result, failed_check):
        check = replace(failed_check, status=Status.SKIPPED, diagnostics={"only_a_run_has": "a log"})
        with pytest.raises(AirflowSkipException, match="only a run of its own has"):
            operators.passed_or_raise(result("assert_raw_typed", Status.SKIPPED, checks=(check,)))

    def test_infrastructure_may_be_tried_again(self, result):
        with pytest.raises(AirflowException) as raised:
            operators.passed_or_raise(result("stack_up", Status.ERRORED, error="x"), retry=True)

        assert not isinstance(raised.value, AirflowFailException)


class TestStageOperator:
    def test_runs_its_stage(self, make_run, stages, result):
        _, context = make_run()
        results, ran = stages
        results["contracts"] = result("contracts")

        told = operators.StageOperator(task_id="t", stage="contracts").execute(context)

        assert ran == ["contracts"]
        assert told["status"] == "passed"

    def test_without_a_plan_it_fails(self, unplanned):
        with pytest.raises(AirflowFailException, match="plan_run"):
            operators.StageOperator(task_id="t", stage="contracts").execute(unplanned)

    @pytest.mark.parametrize("before", [None, Status.ERRORED])
    def test_it_is_skipped_without_the_stage_that_it_needs(self, make_run, stages, result, before):
        folder, context = make_run()
        stack_is_up(folder)
        if before:
            folder.write_stage(result("replay_events", before))
        task = operators.StageOperator(task_id="t", stage="query_pack", requires=("replay_events", "warehouse_check"))

        with pytest.raises(AirflowSkipException):
            task.execute(context)

    def test_what_an_observation_does_not_have_is_skipped(self, make_run, stages):
        _, context = make_run(mode="observe", stack="external")

        with pytest.raises(AirflowSkipException, match="has no stage conservation"):
            operators.StageOperator(task_id="t", stage="conservation").execute(context)
        with pytest.raises(AirflowSkipException, match="has no stack"):
            operators.StackDownOperator(task_id="t2").execute(context)
        assert stages[1] == []

    def test_a_setup_without_a_stage_does_nothing_and_succeeds(self, make_run, stages):
        _, context = make_run(mode="observe", stack="external")
        task = operators.StageOperator(task_id="t", stage="stack_up").as_setup()

        assert task.execute(context) == {"stage": "stack_up", "status": "not planned"}
        assert stages[1] == []

    def test_what_the_pack_does_not_offer_succeeds_so_that_the_others_run(self, make_run, stages):
        planned = STAGES.planned("full", ("raw_typed",), offers=("contracts", "judged", "drained"))
        _, context = make_run(stages=planned)

        told = operators.StageOperator(task_id="t", stage="conservation").execute(context)

        assert told == {"stage": "conservation", "status": "not planned"}
        assert stages[1] == []

    def test_an_observation_needs_its_look_at_the_warehouse(self, make_run, stages, result):
        folder, context = make_run(mode="observe", stack="external")
        stages[0]["query_pack"] = result("query_pack")
        task = operators.StageOperator(task_id="t", stage="query_pack", requires=("replay_events", "warehouse_check"))

        with pytest.raises(AirflowSkipException):
            task.execute(context)
        folder.write_stage(result("warehouse_check"))
        assert task.execute(context)["status"] == "passed"

    def test_it_is_skipped_without_a_stack_or_a_plan(self, make_run, stages, result, unplanned):
        folder, context = make_run()
        folder.write_stage(result("replay_events"))
        task = operators.StageOperator(task_id="t", stage="query_pack", requires=("replay_events", "warehouse_check"))

        for without in (context, unplanned):
            with pytest.raises(AirflowSkipException):
                task.execute(without)

    def test_it_runs_with_what_it_needs(self, make_run, stages, result):
        folder, context = make_run()
        stack_is_up(folder)
        folder.write_stage(result("replay_events"))
        stages[0]["query_pack"] = result("query_pack")

        operators.StageOperator(task_id="t", stage="query_pack", requires=("replay_events", "warehouse_check")).execute(
            context
        )

        assert stages[1] == ["query_pack"]


class TestInject:
    def test_without_a_file_it_is_skipped(self, make_run):
        _, context = make_run()

        with pytest.raises(AirflowSkipException):
            operators.StageOperator(task_id="t", stage="inject").execute(context)

    def test_with_a_file_it_runs(self, make_run, stages, result):
        _, context = make_run(inject="/x.sql")
        stages[0]["inject"] = result("inject")

        assert operators.StageOperator(task_id="t", stage="inject").execute(context)["stage"] == "inject"


class TestPublishSummaryOperator:
    def test_a_passed_run_leaves_its_summary(self, make_run, stages, result):
        _, context = make_run()
        stages[0]["publish_summary"] = result("publish_summary", details={"verdict": "passed", "rungs": ["judged"]})

        operators.PublishSummaryOperator(task_id="t").execute(context)

        assert context["ti"].pushed == {"return_value": {"verdict": "passed", "rungs": ["judged"]}}

    @pytest.fixture
    def events(self):
        """What Airflow gives a task to update assets with."""
        return OutletEventAccessors()

    @pytest.fixture
    def publish(self, make_run, stages, result, events):
        """The function that publishes a verdict of a run with these changes of its plan."""

        def of(verdict, **changes):
            _, context = make_run(**changes)
            stages[0]["publish_summary"] = result("publish_summary", details={"verdict": verdict, "rungs": ["judged"]})
            alias = AssetAlias("streamproof_verified")
            operator = operators.PublishSummaryOperator(task_id="t", outlets=[alias])
            operator.execute({**context, "outlet_events": events})
            return events[alias].asset_alias_events

        return of

    def test_a_passed_full_run_updates_the_asset_of_its_pack(self, publish, tmp_path):
        (event,) = publish("passed", fixture_sha256="ab12", git_commit="c0ffee")

        assert (event.dest_asset_key.name, event.dest_asset_key.uri) == (
            "streamproof_livepeer_verified",
            "streamproof://livepeer/verified",
        )
        assert event.extra == {
            "run_id": "r1",
            "git_commit": "c0ffee",
            "fixture_sha256": "ab12",
            "report": str(tmp_path / "runs/r1/report.html"),
            "rungs": ["judged"],
        }

    def test_a_passed_run_that_verified_less_does_not(self, publish):
        assert publish("passed", narrowed_by=("mode smoke is not a full run",)) == []

    @pytest.mark.parametrize("verdict", ["failed", "error"])
    def test_a_run_that_did_not_pass_updates_nothing(self, publish, events, verdict):
        with pytest.raises(AirflowFailException):
            publish(verdict)
        assert len(events) == 0

    @pytest.mark.parametrize("verdict", ["failed", "error"])
    def test_any_other_verdict_fails_after_publishing(self, make_run, stages, result, verdict):
        _, context = make_run()
        stages[0]["publish_summary"] = result("publish_summary", details={"verdict": verdict, "rungs": ["judged"]})

        with pytest.raises(AirflowFailException, match=verdict):
            operators.PublishSummaryOperator(task_id="t").execute(context)

        assert context["ti"].pushed["return_value"] == {"verdict": verdict, "rungs": ["judged"]}


class TestStackDownOperator:
    def test_takes_the_stack_down(self, make_run, stages, result):
        _, context = make_run()
        stages[0]["stack_down"] = result("stack_down")

        operators.StackDownOperator(task_id="t").execute(context)

        assert stages[1] == ["stack_down"]

    def test_keeps_it_when_asked_to_and_has_nothing_to_do_without_a_plan(self, make_run, stages, unplanned):
        _, context = make_run(keep_stack=True)

        for without in (context, unplanned):
            with pytest.raises(AirflowSkipException):
                operators.StackDownOperator(task_id="t").execute(without)
        assert stages[1] == []

    def test_a_stack_that_stays_is_tried_again(self, make_run, stages, result):
        _, context = make_run()
        stages[0]["stack_down"] = result("stack_down", Status.ERRORED, error="still there")

        with pytest.raises(AirflowException) as raised:
            operators.StackDownOperator(task_id="t").execute(context)

        assert not isinstance(raised.value, AirflowFailException)


class TestPlanRun:
    def test_opens_the_folder_and_returns_the_suites(self, home, tmp_path, monkeypatch, unplanned):
        monkeypatch.setenv("STREAMPROOF_ARTIFACTS", str(tmp_path))
        monkeypatch.setenv("STREAMPROOF_HOME", str(home))

        stages = operators.PlanRunOperator(task_id="t").execute({**unplanned, "params": PARAMS})

        assert "assert_raw_typed" in stages
        assert unplanned["ti"].pushed == {"folder": str(tmp_path / "manual__1")}
        plan = RunFolder(tmp_path / "manual__1").read_plan()
        assert (plan.dag_id, plan.dag_run_id) == ("streamproof_run", "manual__1")

    def test_the_rules_of_the_mail_are_those_of_the_start(self, home, tmp_path, monkeypatch, unplanned):
        monkeypatch.setenv("STREAMPROOF_ARTIFACTS", str(tmp_path))
        monkeypatch.setenv("STREAMPROOF_HOME", str(home))
        given = {**PARAMS, "alert_to": "a@b.c", "alert_on": "always", "alert_min_failed": 2}

        operators.PlanRunOperator(task_id="t").execute({**unplanned, "params": given})

        assert kept_rules(tmp_path / "manual__1") == AlertRules(("a@b.c",), AlertOn.ALWAYS, 2)

    @pytest.mark.parametrize("name", ["alert_to", "alert_on", "alert_min_failed"])
    def test_wrong_rules_are_refused_before_anything_starts(self, home, tmp_path, monkeypatch, unplanned, name):
        monkeypatch.setenv("STREAMPROOF_ARTIFACTS", str(tmp_path))
        monkeypatch.setenv("STREAMPROOF_HOME", str(home))
        monkeypatch.setenv(f"AIRFLOW_VAR_STREAMPROOF_{name.upper()}", "nonsense")

        with pytest.raises(AirflowFailException, match=f"Airflow Variable streamproof_{name}.*nonsense"):
            operators.PlanRunOperator(task_id="t").execute({**unplanned, "params": PARAMS})

        assert list(tmp_path.iterdir()) == []

    def test_bad_input_fails_with_its_hint_and_writes_nothing(self, home, tmp_path, monkeypatch, unplanned):
        monkeypatch.setenv("STREAMPROOF_ARTIFACTS", str(tmp_path))
        monkeypatch.setenv("STREAMPROOF_HOME", str(home))

        with pytest.raises(AirflowFailException, match="no suite nonsense"):
            operators.PlanRunOperator(task_id="t").execute({**unplanned, "params": {**PARAMS, "suites": ["nonsense"]}})

        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize(
        ("name", "hint"),
        [("manifset", "Did you mean: manifest"), ("Manifest", "Did you mean: manifest"), ("x", "There are: manifest")],
    )
    def test_a_key_of_the_conf_that_is_no_param_is_refused(self, tmp_path, monkeypatch, unplanned, name, hint):
        monkeypatch.setenv("STREAMPROOF_ARTIFACTS", str(tmp_path))
        unplanned["dag_run"].conf = {"mode": "full", name: "hostile"}

        with pytest.raises(AirflowFailException, match=f"There is no param '{name}'. {hint}"):
            operators.PlanRunOperator(task_id="t").execute({**unplanned, "params": {**PARAMS, name: "hostile"}})

        assert list(tmp_path.iterdir()) == []

    def test_paths_are_relative_to_the_project(self, home, tmp_path):
        settings = read_settings({"STREAMPROOF_HOME": str(home), "STREAMPROOF_ARTIFACTS": str(tmp_path)})
        manifest = "include/fixtures/livepeer/golden/manifest.json"

        request = params.run_request({**PARAMS, "manifest": manifest, "inject": "x.sql"}, "r", settings)

        assert request.manifest == str(home / manifest)
        assert request.inject == str(home / "x.sql")
        assert params.run_request({**PARAMS, "manifest": "hostile"}, "r", settings).manifest == "hostile"

    def test_a_dag_run_that_is_cleared_gets_a_new_folder(self, home, tmp_path):
        settings = read_settings({"STREAMPROOF_HOME": str(home), "STREAMPROOF_ARTIFACTS": str(tmp_path)})
        (tmp_path / "r").mkdir()
        assert params.run_request(PARAMS, "r", settings).run_id == "r.try2"
        (tmp_path / "r.try2").mkdir()
        assert params.run_request(PARAMS, "r", settings).run_id == "r.try3"
