"""The submission of a run's job to Flink, and how it is taken back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from streamproof.flink.documents import UploadedJar
from streamproof.flink.rest import RefusedError
from streamproof.model.errors import FlinkError, StackError, UsageError, WaitTimeoutError
from streamproof.stages.flink import job as module
from streamproof.stages.flink.job import cluster_version, run_job, submit, submitted_job, withdraw

RETENTION = "execution.checkpointing.externalized-checkpoint-retention"


def job_of(ctx):
    job = run_job(ctx)
    assert job is not None
    return job


def test_a_python_job_is_submitted_with_its_files_names_and_addresses(cluster, flink_run):
    ctx = flink_run()
    submitted = submit(ctx, job_of(ctx))

    [run] = cluster.runs
    path = f"/up/{run['jar']}"
    assert run["entry_class"] == "org.apache.flink.client.python.PythonDriver"
    assert run["job_id"] == submitted.job_id
    assert (len(submitted.job_id), run["parallelism"]) == (32, 1)
    arguments = run["arguments"]
    assert arguments[arguments.index("-pyfs") + 1] == path
    assert f"QUALITY_INPUT_TOPIC={ctx.names.input_topic}" in arguments
    assert f"QUALITY_GROUP_ID={ctx.names.groups['processor']}" in arguments
    assert "QUALITY_KAFKA_BOOTSTRAP=127.0.0.1:19092" in arguments
    configuration = run["configuration"]
    assert configuration["python.files"] == path
    assert configuration["execution.checkpointing.interval"] == "1000 ms"


def test_containers_get_the_addresses_that_containers_use(cluster, flink_run):
    ctx = flink_run(stack="compose")
    submit(ctx, job_of(ctx))
    assert "QUALITY_KAFKA_BOOTSTRAP=kafka:9092" in cluster.runs[0]["arguments"]


def test_a_jar_runs_its_own_class_and_options_of_the_pack_win(cluster, flink_run, tmp_path):
    ctx = flink_run()
    jar = tmp_path / "clicks.jar"
    jar.write_bytes(b"PK")
    job = job_of(ctx).model_copy(
        update={
            "python": "", "jar": str(jar), "entry_class": "org.example.Clicks", "arguments": ("--to", "{topic.dlq}"),
            "configuration": {RETENTION: "RETAIN_ON_CANCELLATION", "pipeline.name": "{database}"}, "parallelism": 2,
        }
    )  # fmt: skip
    submit(ctx, job)

    [run] = cluster.runs
    assert (run["entry_class"], run["parallelism"]) == ("org.example.Clicks", 2)
    assert run["arguments"] == ("--to", ctx.names.topics["dlq"])
    assert run["configuration"] == {
        RETENTION: "RETAIN_ON_CANCELLATION", "pipeline.name": ctx.names.database,
        "execution.checkpointing.interval": "1000 ms",
    }  # fmt: skip


def test_a_run_leaves_no_checkpoints_on_a_cluster_that_keeps_those_of_other_jobs(cluster, flink_run):
    ctx = flink_run()
    submit(ctx, job_of(ctx))
    assert cluster.runs[0]["configuration"][RETENTION] == "NO_EXTERNALIZED_CHECKPOINTS"


def test_a_first_submission_asks_for_no_job_that_flink_does_not_know(cluster, flink_run, monkeypatch):
    """Flink would log an error, and the pack's check of the services' logs would fail."""
    monkeypatch.setattr(type(cluster), "state", lambda *_: pytest.fail("it was asked"))
    ctx = flink_run()
    submit(ctx, job_of(ctx))


def test_a_second_call_submits_nothing(cluster, flink_run):
    ctx = flink_run()
    assert submit(ctx, job_of(ctx)) == submit(ctx, job_of(ctx)) == submitted_job(ctx)
    assert (len(cluster.runs), len(cluster.uploads)) == (1, 1)


def test_an_interrupted_submission_is_gone_on_with_and_leaves_one_jar(cluster, flink_run, monkeypatch):
    ctx = flink_run()
    with monkeypatch.context() as patched:
        patched.setattr(type(cluster), "run", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            submit(ctx, job_of(ctx))
    assert len(cluster.uploads) == 1

    submit(ctx, job_of(ctx))
    assert (len(cluster.runs), len(cluster.uploads)) == (1, 1)


def interrupted(cluster, ctx, monkeypatch, comes):
    """Submit, with an interruption while Flink runs the program; `comes` is called at the next question for its job."""
    asked = type(cluster).state

    def late(self, job_id):
        comes(job_id)
        return asked(self, job_id)

    with monkeypatch.context() as patched:
        patched.setattr(type(cluster), "run", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            submit(ctx, job_of(ctx))
    monkeypatch.setattr(type(cluster), "state", late)


def test_a_job_that_comes_after_the_interruption_is_cancelled_too(cluster, flink_run, monkeypatch):
    ctx = flink_run()
    interrupted(cluster, ctx, monkeypatch, lambda job_id: cluster.states.setdefault(job_id, "RUNNING"))
    assert withdraw(ctx)
    assert (list(cluster.states.values()), cluster.uploads) == (["CANCELED"], [])


def test_a_job_that_never_comes_is_not_awaited_for_ever(cluster, flink_run, monkeypatch):
    ctx = flink_run()
    monkeypatch.setattr(module, "LATE_SEC", 0.1)
    interrupted(cluster, ctx, monkeypatch, lambda _job_id: None)
    assert withdraw(ctx)
    assert (cluster.states, cluster.uploads) == ({}, [])


def test_two_runs_have_two_jobs(cluster, flink_run):
    one, two = flink_run(), flink_run(run_id="r2")
    submit(one, job_of(one))
    submit(two, job_of(two))
    assert submitted_job(one).job_id != submitted_job(two).job_id
    assert withdraw(one)
    assert [jar.name for jar in cluster.uploads] == ["r2.jar"]
    assert cluster.states[submitted_job(two).job_id] == "RUNNING"


def test_a_job_is_taken_back_once_it_has_ended(cluster, flink_run):
    cluster.uploads = [UploadedJar(id="x_other.jar", name="other.jar")]
    ctx = flink_run()
    submitted = submit(ctx, job_of(ctx))

    assert withdraw(ctx)
    assert cluster.states == {submitted.job_id: "CANCELED"}
    assert [jar.name for jar in cluster.uploads] == ["other.jar"]
    assert not withdraw(ctx)
    with pytest.raises(StackError, match="no job on Flink"):
        submitted_job(ctx)


def test_the_jar_of_a_refused_submission_is_deleted(cluster, flink_run):
    cluster.refusal = "ClassNotFoundException: org.example.Nope"
    ctx = flink_run()
    with pytest.raises(RefusedError, match="Nope"):
        submit(ctx, job_of(ctx))
    assert cluster.uploads
    assert submitted_job(ctx).answered, "nobody has to wait for it"
    assert withdraw(ctx)
    assert not cluster.uploads


def test_a_job_that_does_not_end_is_named_and_can_be_taken_back_later(cluster, flink_run, monkeypatch):
    ctx = flink_run()
    submitted = submit(ctx, job_of(ctx))
    monkeypatch.setattr(module, "CANCEL_TIMEOUT_SEC", 0.0)
    cluster.ends_after = 3
    with pytest.raises(WaitTimeoutError, match=f"job {submitted.job_id} of run r1 to end; still missing: it is CANC"):
        withdraw(ctx)
    assert cluster.uploads
    monkeypatch.setattr(module, "CANCEL_TIMEOUT_SEC", 5.0)
    assert withdraw(ctx)
    assert not cluster.uploads


def test_a_cluster_without_slots_for_the_job_is_refused(cluster, flink_run):
    ctx = flink_run()
    assert cluster_version(ctx, job_of(ctx)) == "2.3.0"
    cluster.slots = 0
    with pytest.raises(FlinkError, match=r"0 free slots of 2, and the job of processor flink needs 1") as refused:
        cluster_version(ctx, job_of(ctx))
    assert "parallelism" in (refused.value.hint or "")


def test_a_run_that_names_no_cluster_says_where_it_is_named(flink_run):
    ctx = flink_run()
    without = replace(ctx.outside(), flink=None)
    with pytest.raises(StackError, match="No Flink is named"):
        cluster_version(ctx.connected(lambda: without), job_of(ctx))


def test_a_jar_that_does_not_exist_is_bad_input(cluster, flink_run):
    ctx = flink_run()
    with pytest.raises(UsageError, match=r"There is no jar nope\.jar"):
        submit(ctx, job_of(ctx).model_copy(update={"python": "", "jar": "nope.jar"}))
    assert submitted_job(ctx).answered
