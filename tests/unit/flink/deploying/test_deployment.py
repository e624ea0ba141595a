"""Deployments on a cluster in memory: updates, failures, and processes that are killed at any request."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from streamproof.flink.deploying.deployment import Deployment
from streamproof.flink.deploying.opening import jar_build
from streamproof.flink.deploying.record import Build, Outcome, Store
from streamproof.flink.deploying.work import Limits, Work
from streamproof.model.errors import EXIT_CHECK_FAILED, EXIT_NOT_JUDGED, FlinkError, StreamproofError, UsageError
from tests.unit.flink.deploying.fake_cluster import FakeCluster, KilledError, Submitted

LIMITS = Limits(savepoint=0, start=0, watch=0, reach=0)


class Person:
    """Who deploys: each command is a process of its own, which knows only the record."""

    def __init__(self, cluster: FakeCluster, folder: Path) -> None:
        self.cluster = cluster
        self.folder = folder
        self.gate: Callable[[str], str] | None = None

    def opened(self) -> Deployment:
        store = Store(self.folder / "deployments", "clicks")
        client: Any = self.cluster
        return Deployment(Work(client, store, store.read(), LIMITS, self.gate))

    def build(self, entry_class: str, content: str = "", **options: Any) -> Build:
        jar = self.folder / f"{entry_class}.jar"
        with zipfile.ZipFile(jar, "w") as archive:
            archive.writestr(zipfile.ZipInfo("content"), content or entry_class)
        return jar_build(self.opened().work.store, jar, entry_class=entry_class, **options)

    def deploy(self, entry_class: str, *, parallelism: int | None = None, **options: Any) -> Outcome:
        deployment = self.opened()
        deployment.deploy(self.build(entry_class, parallelism=parallelism), **options)
        return deployment.run()

    def stop(self, **options: Any) -> Outcome:
        deployment = self.opened()
        deployment.stop(**options)
        return deployment.run()

    def cancel(self) -> Outcome:
        deployment = self.opened()
        deployment.cancel()
        return deployment.run()

    def roll_back(self, **options: Any) -> Outcome:
        deployment = self.opened()
        deployment.roll_back(**options)
        return deployment.run()

    def running(self) -> list[tuple[str, str]]:
        """What runs: the entry class of each job, and the savepoint that it started from."""
        return [(job.entry_class, job.savepoint) for job in self.cluster.running()]

    @property
    def last_savepoint(self) -> str:
        return self.opened().work.record.savepoints[-1].path


@pytest.fixture
def person(tmp_path: Path) -> Person:
    return Person(FakeCluster(), tmp_path)


def test_a_first_run_starts_without_state(person):
    outcome = person.deploy("a.One")

    assert outcome.status == "deployed"
    assert person.running() == [("a.One", "")]
    assert list(person.cluster.jobs_by_id) == [outcome.job_id]


def test_an_update_goes_on_from_the_savepoint(person):
    first = person.deploy("a.One")
    second = person.deploy("a.Two")

    assert second.savepoint == second.started_from == person.last_savepoint
    assert person.running() == [("a.Two", second.savepoint)]
    assert person.cluster.jobs_by_id[first.job_id].state == "FINISHED"


def test_the_same_build_is_not_deployed_twice(person):
    first = person.deploy("a.One")

    assert person.deploy("a.One").status == "unchanged"
    assert list(person.cluster.jobs_by_id) == [first.job_id]
    assert person.cluster.requests == ["upload", "run"]


def test_an_operation_that_is_retried_is_done_once(person):
    person.deploy("a.One")
    person.deploy("a.Two", operation_id="run-1")
    before = list(person.cluster.requests)

    assert person.deploy("a.Two", operation_id="run-1").status == "deployed"
    assert person.roll_back(operation_id="run-2").status == "rolled back"
    assert person.roll_back(operation_id="run-2").status == "rolled back"
    assert person.stop(operation_id="run-3").status == "stopped"
    assert person.stop(operation_id="run-3").status == "stopped"
    assert person.cluster.requests[len(before) :] == ["stop", "run", "stop"]


def test_old_jars_are_deleted_on_the_cluster_and_beside_the_record(person):
    for name in ("a.One", "a.Two", "a.Three"):
        person.deploy(name)

    assert len(person.cluster.uploads) == 2
    kept = {path.name.split("-", 1)[1] for path in (person.folder / "deployments/clicks/jars").iterdir()}
    assert kept == {"a.Two.jar", "a.Three.jar"}


@pytest.mark.parametrize(
    ("behaviour", "message"),
    [
        ("refused", "Cannot map checkpoint/savepoint state"),
        ("fails", "Job 'a.Bad' .* has failed: java.lang.ArithmeticException: / by zero"),
        ("restarts", "Job 'a.Bad' .* was restarted 9 times: java.net.ConnectException: Connection refused"),
        ("slow", "still missing: job 'a.Bad' is CREATED"),
    ],
)
def test_a_new_job_that_fails_is_undone(person, behaviour, message):
    person.deploy("a.One")
    person.cluster.behaviour["a.Bad"] = behaviour

    with pytest.raises(FlinkError, match=message) as failed:
        person.deploy("a.Bad")

    assert "a.One.jar" in failed.value.message
    assert "runs again" in failed.value.message
    assert failed.value.exit_code == EXIT_NOT_JUDGED
    assert failed.value.hint
    assert person.running() == [("a.One", person.last_savepoint)]
    assert len(person.cluster.uploads) == 1
    # The deployment goes on as if nothing had happened.
    assert person.deploy("a.Two").status == "deployed"


def test_a_first_job_that_fails_leaves_nothing_running(person):
    person.cluster.behaviour["a.Bad"] = "restarts"

    with pytest.raises(FlinkError, match="Nothing runs"):
        person.deploy("a.Bad")

    assert person.running() == []
    assert person.cluster.uploads == []


@pytest.mark.parametrize(("entry_class", "parallelism"), [("no.Where", None), ("a.Two", 9)])
def test_mistakes_are_found_before_the_job_is_stopped(person, entry_class, parallelism):
    person.deploy("a.One")

    with pytest.raises(FlinkError, match=r"no\.Where|4 free slots of 4, and job 'a.Two' needs 9"):
        person.deploy(entry_class, parallelism=parallelism)

    assert person.running() == [("a.One", "")]
    assert "stop" not in person.cluster.requests
    assert len(person.cluster.uploads) == 1


def test_a_full_cluster_is_one_message(person):
    person.cluster.slots = 0

    with pytest.raises(FlinkError, match=r"0 free slots of 0, and job 'a\.One' needs 1"):
        person.deploy("a.One")


def test_a_savepoint_that_fails_leaves_the_job_running(person):
    person.deploy("a.One")
    person.cluster.failing_savepoints = "java.io.IOException: No space left on device"

    with pytest.raises(FlinkError, match=r"No space left on device\. Job \w+ keeps running") as failed:
        person.deploy("a.Two")

    assert "disk of the checkpoints is full" in failed.value.hint
    assert person.running() == [("a.One", "")]
    person.cluster.failing_savepoints = ""
    assert person.deploy("a.Two").status == "deployed"


def test_a_savepoint_that_never_completes_leaves_the_job_running_and_can_be_awaited_again(person):
    first = person.deploy("a.One")
    person.cluster.endless_savepoints = True

    with pytest.raises(FlinkError, match="keeps running until it is complete"):
        person.deploy("a.Two")
    assert person.running() == [("a.One", "")]
    with pytest.raises(FlinkError, match="not finished: deploy, at step stop_old"):
        person.deploy("a.Three")

    [trigger] = person.cluster.savepoint_by_trigger
    person.cluster.complete(first.job_id, trigger)
    assert person.deploy("a.Two").status == "deployed"
    assert person.running() == [("a.Two", person.last_savepoint)]
    assert person.cluster.requests.count("stop") == 1


def test_a_gate_that_fails_undoes_the_update(person):
    person.deploy("a.One")
    seen = []
    person.gate = lambda job_id: (seen.append(job_id), "2 checks failed")[1]

    with pytest.raises(FlinkError, match="The gate did not pass: 2 checks failed") as failed:
        person.deploy("a.Two")

    assert failed.value.exit_code == EXIT_CHECK_FAILED
    assert person.cluster.jobs_by_id[seen[0]].entry_class == "a.Two"
    assert person.running() == [("a.One", person.last_savepoint)]


def test_a_rollback_runs_the_previous_build_from_its_own_state(person):
    person.deploy("a.One")
    state_of_one = person.deploy("a.Two").savepoint

    person.roll_back()

    assert person.running() == [("a.One", state_of_one)]
    with pytest.raises(FlinkError, match="no previous build"):
        person.roll_back()


def test_a_rollback_cancels_a_job_that_no_savepoint_can_be_taken_of(person):
    person.deploy("a.One")
    state_of_one = person.deploy("a.Two").savepoint
    person.cluster.failing_savepoints = "timeout"

    person.roll_back()

    assert person.running() == [("a.One", state_of_one)]


def test_a_stopped_deployment_goes_on_from_its_savepoint(person):
    person.deploy("a.One")
    stopped = person.stop(drain=True)
    assert person.running() == []

    assert person.deploy("a.Two").started_from == stopped.savepoint
    with pytest.raises(FlinkError, match="has no job that runs"):
        Person(person.cluster, person.folder / "other").stop()


def test_a_stopped_deployment_whose_next_start_is_killed_goes_on_from_its_savepoint(person):
    person.deploy("a.One")
    stopped = person.stop()
    person.cluster.kill_at = len(person.cluster.requests) + 1
    with pytest.raises(KilledError):
        person.deploy("a.Two")

    assert person.deploy("a.Two").started_from == stopped.savepoint


def test_a_job_that_does_not_end_after_its_savepoint_is_awaited_again(person):
    first = person.deploy("a.One")
    person.cluster.ends_late = True

    with pytest.raises(StreamproofError, match=f"for the end of job {first.job_id}"):
        person.deploy("a.Two")

    person.cluster.jobs_by_id[first.job_id].state = "FINISHED"
    assert person.deploy("a.Two").started_from == person.last_savepoint


def test_a_job_of_other_means_is_adopted_once(person):
    other = person.deploy("a.One")
    person.folder /= "else"
    person.folder.mkdir()
    for _ in range(2):
        person.opened().adopt(other.job_id)
    second = person.deploy("a.Two")

    # The same command again: the job was replaced, and the build runs.
    person.opened().adopt(other.job_id)
    assert person.deploy("a.Two").status == "unchanged"
    with pytest.raises(FlinkError, match=f"has job {second.job_id} already"):
        person.cluster.jobs_by_id["x"] = Submitted("j", "a.X", "")
        person.opened().adopt("x")
    person.folder /= "third"
    person.folder.mkdir()
    with pytest.raises(FlinkError, match=f"Job {other.job_id} is FINISHED"):
        person.opened().adopt(other.job_id)
    with pytest.raises(FlinkError, match="Job unheard is not known to the cluster"):
        person.opened().adopt("unheard")


def test_a_job_that_has_died_needs_a_word_on_its_state(person):
    first = person.deploy("a.One")
    person.cluster.jobs_by_id[first.job_id].state = "FAILED"
    person.cluster.jobs_by_id[first.job_id].failures = ["java.lang.Error: boom"]

    with pytest.raises(FlinkError, match=r"is FAILED \(java.lang.Error: boom\), so no savepoint can be taken"):
        person.deploy("a.Two")

    assert person.deploy("a.Two", savepoint="file:/sp/old").started_from == "file:/sp/old"
    person.cluster.jobs_by_id.clear()
    assert person.deploy("a.Three", savepoint="none").started_from == ""


def test_a_job_of_the_same_name_is_not_started_beside_another(person):
    other = person.deploy("a.One")
    person.folder /= "else"
    person.folder.mkdir()

    with pytest.raises(FlinkError, match=f"runs already .{other.job_id}") as refused:
        person.deploy("a.One")
    assert f"--replaces {other.job_id}" in refused.value.hint

    person.opened().adopt(other.job_id)
    assert person.deploy("a.One").savepoint
    assert len(person.running()) == 1


def test_a_job_of_other_means_cannot_be_restored_but_its_state_is_named(person):
    other = person.deploy("a.One")
    person.folder /= "else"
    person.folder.mkdir()
    person.opened().adopt(other.job_id)
    person.cluster.behaviour["a.Bad"] = "fails"

    with pytest.raises(FlinkError, match=r"its jar is not known here\. Its state is in file:/sp/"):
        person.deploy("a.Bad")

    assert person.deploy("a.Two").started_from == person.last_savepoint


def test_a_jar_that_the_cluster_has_lost_is_uploaded_again(person):
    person.deploy("a.One")
    person.cluster.uploads.clear()
    person.cluster.behaviour["a.Bad"] = "fails"

    with pytest.raises(FlinkError, match="runs again"):
        person.deploy("a.Bad")

    assert person.running() == [("a.One", person.last_savepoint)]


def test_an_old_job_that_cannot_be_restored_either_is_told(person):
    person.deploy("a.One")
    person.cluster.behaviour |= {"a.Bad": "fails", "a.One": "refused"}

    with pytest.raises(FlinkError, match=r"could not be restored either: .* Its state is in file:/sp/"):
        person.deploy("a.Bad")

    assert person.running() == []
    person.cluster.behaviour.clear()
    assert person.deploy("a.Two").started_from == person.last_savepoint


def test_cancel(person):
    person.deploy("a.One")

    assert person.cancel().status == "cancelled"
    assert person.running() == []


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("bad", [False, True], ids=["a good build", "a bad build"])
@pytest.mark.parametrize("number", range(5))
def test_a_process_that_is_killed_at_any_request_is_resumed(person, number, bad, after):
    person.deploy("a.One")
    cluster = person.cluster
    name = "a.Bad" if bad else "a.Two"
    cluster.behaviour["a.Bad"] = "fails"
    cluster.kill_at, cluster.kill_after = len(cluster.requests) + number, after

    attempts = 0
    for _ in range(2):
        attempts += 1
        try:
            person.deploy(name)
        except KilledError:
            continue
        except StreamproofError as error:
            assert bad
            assert "runs again" in error.message
        break

    killed = number < (5 if bad else 3)
    assert attempts == 1 + killed
    assert person.running() == [("a.One" if bad else name, person.last_savepoint)]
    jobs = [job.entry_class for job in cluster.jobs_by_id.values()]
    assert jobs == ["a.One", "a.Bad", "a.One"] if bad else jobs == ["a.One", "a.Two"]
    assert len(person.opened().work.record.savepoints) == 1


def test_a_job_manager_that_was_started_anew_is_asked_for_the_savepoint_again(person):
    person.deploy("a.One")
    person.cluster.endless_savepoints = True
    with pytest.raises(FlinkError, match="keeps running"):
        person.deploy("a.Two")

    person.cluster.savepoint_by_trigger.clear()
    person.cluster.endless_savepoints = False

    assert person.deploy("a.Two").status == "deployed"
    assert person.running() == [("a.Two", person.last_savepoint)]


def test_a_savepoint_that_was_taken_and_forgotten_is_told(person):
    first = person.deploy("a.One")
    person.cluster.endless_savepoints = True
    with pytest.raises(FlinkError, match="keeps running"):
        person.deploy("a.Two")

    person.cluster.savepoint_by_trigger.clear()
    person.cluster.jobs_by_id[first.job_id].state = "FINISHED"

    with pytest.raises(FlinkError, match="does not know the savepoint"):
        person.deploy("a.Two")
    assert person.deploy("a.Two", savepoint="file:/sp/found").started_from == "file:/sp/found"


@pytest.mark.parametrize(("number", "step"), [(1, ""), (2, "submit")], ids=["untouched", "stopped"])
def test_a_job_manager_that_is_away_interrupts_and_undoes_nothing(person, number, step):
    person.deploy("a.One")
    person.cluster.away_at = len(person.cluster.requests) + number

    with pytest.raises(StreamproofError, match="cannot be reached"):
        person.deploy("a.Two")
    left = person.opened().work.record.operation
    assert (left.step if left else "") == step

    person.cluster.away_at = None
    assert person.deploy("a.Two").status == "deployed"
    assert person.running() == [("a.Two", person.last_savepoint)]


def test_a_cluster_that_is_not_there_is_told_at_once(person):
    person.cluster.away_at = 0

    with pytest.raises(StreamproofError, match="cannot be reached"):
        person.deploy("a.One")
    assert person.opened().work.record.operation is None


def test_an_interrupted_update_can_be_cancelled_with_all_its_jobs(person):
    person.deploy("a.One")
    person.cluster.kill_at, person.cluster.kill_after = len(person.cluster.requests) + 2, True
    with pytest.raises(KilledError):
        person.deploy("a.Two")
    assert [name for name, _ in person.running()] == ["a.Two"]

    person.cancel()

    assert person.running() == []
    assert person.opened().work.record.operation is None


@pytest.mark.parametrize("name", ["", "../x", "a b", "-x"])
def test_a_name_that_is_no_folder(tmp_path, name):
    with pytest.raises(UsageError, match="no name of a deployment"):
        Store(tmp_path, name)


def test_a_record_that_cannot_be_read(tmp_path):
    store = Store(tmp_path, "clicks")
    store.folder.mkdir()
    store.path.write_text("{")

    with pytest.raises(FlinkError, match="cannot be read"):
        store.read()


def test_the_record_is_private(person):
    person.deploy("a.One")

    assert person.opened().work.store.path.stat().st_mode & 0o777 == 0o600
