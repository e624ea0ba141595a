"""The client of Flink's REST interface, against answers recorded from a cluster."""

from __future__ import annotations

import zipfile

import httpx
import pytest

from streamproof.flink.client import FlinkClient
from streamproof.flink.rest import RefusedError
from streamproof.model.errors import FlinkError, UsageError

JOB = "82740e26b45cda60e1e248c0ef3c8893"
TOPIC_METRIC = "0.Source__events.KafkaSourceReader.topic.{}.partition.{}.currentOffset"


@pytest.fixture
def jar(tmp_path):
    path = tmp_path / "job.jar"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("job.py", "pass")
    return path


def test_the_cluster_and_its_jobs(client, answers):
    answers.answer("GET /overview", "overview")
    answers.answer("GET /jobs/overview", "jobs_overview")

    overview, jobs = client.overview(), client.jobs()

    assert (overview.version, overview.slots) == ("2.3.0", 2)
    assert [job.started for job in jobs] == sorted((job.started for job in jobs), reverse=True)
    assert {job.state for job in jobs} == {"RUNNING", "FAILED", "CANCELED", "FINISHED"}


def test_a_job_is_ready_when_all_its_tasks_run(client, answers):
    answers.answer(f"GET /jobs/{JOB}", "job_running")

    job = client.job(JOB)

    assert job.running
    assert job.missing == ""
    assert len(job.vertices) == 2


def test_a_job_that_is_not_ready_says_which_tasks_are_missing(client, answers):
    answers.answer(f"GET /jobs/{JOB}", "job_restarting")

    job = client.job(JOB)

    assert not job.running
    assert "RESTARTING" in job.missing
    assert "Source: Socket Stream -> Flat Map (1 FAILED; parallelism 1)" in job.missing


def test_a_job_nobody_knows(client, answers):
    answers.answer(f"GET /jobs/{JOB}", "notfound")

    assert client.find_job(JOB) is None
    with pytest.raises(RefusedError, match="Could not find Flink job") as refused:
        client.job(JOB)
    assert refused.value.status == 404


def test_an_upload_gives_id_and_path_on_the_job_manager(client, answers, jar):
    stored = "/data/flink-web-upload/697a677a_job.jar"
    answers.answer("POST /jars/upload", {"filename": stored, "status": "success"})

    uploaded = client.upload(jar)

    assert (uploaded.id, uploaded.path) == ("697a677a_job.jar", stored)
    assert b'name="jarfile"; filename="job.jar"' in answers.requests[0].content
    assert jar.read_bytes() in answers.requests[0].content


@pytest.mark.parametrize("content", [None, b"<html>", b""])
def test_what_is_not_a_jar_is_not_uploaded(client, answers, tmp_path, content):
    path = tmp_path / "job.jar"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(UsageError, match=r"job\.jar is not a jar"):
        client.upload(path)
    assert answers.requests == []


def test_a_run_names_everything_that_was_asked_for(client, answers):
    answers.answer("POST /jars/x.jar/run", {"jobid": JOB})

    job_id = client.run(
        "x.jar",
        entry_class="a.Main",
        arguments=["--topic", "a b"],
        parallelism=2,
        savepoint="file:/sp",
        allow_non_restored=True,
        job_id=JOB,
        configuration={"restart-strategy.type": "none"},
    )

    assert job_id == JOB
    assert answers.bodies() == [
        {
            "entryClass": "a.Main",
            "programArgsList": ["--topic", "a b"],
            "parallelism": 2,
            "savepointPath": "file:/sp",
            "allowNonRestoredState": True,
            "jobId": JOB,
            "flinkConfiguration": {"restart-strategy.type": "none"},
        }
    ]


def test_a_plain_run_leaves_the_rest_to_the_cluster(client, answers):
    answers.answer("POST /jars/x.jar/run", {"jobid": JOB})

    client.run("x.jar")

    assert answers.bodies() == [{}]


@pytest.mark.parametrize(
    ("refusal", "entry_class", "cause", "hint"),
    [
        ("refused_class", "no.Where", "ClassNotFoundException: no.Where", "does not hold the entry class no.Where"),
        ("refused_main", None, "Neither a 'Main-Class'", "Name an entry class"),
        ("refused_state", "a.Main", "Cannot map checkpoint/savepoint state for operator cbc357", "incompatible build"),
        ("refused_savepoint", "a.Main", "Cannot find checkpoint or savepoint", "path of the savepoint"),
    ],
)
def test_a_refused_job_names_cause_and_hint(client, answers, refusal, entry_class, cause, hint):
    answers.answer("POST /jars/x.jar/run", refusal)

    with pytest.raises(RefusedError) as refused:
        client.run("x.jar", entry_class=entry_class)

    assert cause in refused.value.message
    assert hint in refused.value.hint
    assert "\tat " not in refused.value.message


def test_a_job_with_a_known_id_is_submitted_once(client, answers):
    answers.answer("POST /jars/x.jar/run", "refused_duplicate")

    assert client.run("x.jar", job_id=JOB) == JOB
    with pytest.raises(RefusedError):
        client.run("x.jar")


PYTHON_LOG = """
INFO PythonDriver [] - --------------------------- Python Process Started --------------------------
INFO PythonDriver [] - Traceback (most recent call last):
INFO PythonDriver [] - OldError: of an earlier program
INFO PythonDriver [] - --------------------------- Python Process Started --------------------------
INFO PythonDriver [] - Traceback (most recent call last):
INFO PythonDriver [] -   File "job.py", line 1, in <module>
INFO PythonDriver [] - ValueError: invalid literal for int() with base 10: 'x'
INFO PythonDriver [] - --------------------------- Python Process Exited ---------------------------
"""


@pytest.mark.parametrize(
    ("log", "cause"),
    [
        (httpx.Response(200, text=PYTHON_LOG), "ValueError: invalid literal for int() with base 10: 'x'"),
        (httpx.Response(200, text="nothing"), "java.lang.RuntimeException: Python process exits with code: 1"),
        (httpx.Response(404, json={}), "java.lang.RuntimeException: Python process exits with code: 1"),
    ],
)
def test_a_python_program_that_ends_at_once_names_its_error(client, answers, log, cause):
    trace = "org.apache.flink.X: a\nCaused by: java.lang.RuntimeException: Python process exits with code: 1\n\tat x"
    answers.answer("POST /jars/x.jar/run", {"errors": [trace]}, status=400)
    answers.table["GET /jobmanager/log"] = log

    with pytest.raises(RefusedError) as refused:
        client.run("x.jar")

    assert refused.value.cause == cause
    assert cause in refused.value.message
    assert "output of the Python program" in refused.value.hint


def test_the_state_of_a_job_nobody_knows(client, answers):
    answers.answer(f"GET /jobs/{JOB}/status", "notfound", status=500)
    assert client.state(JOB) is None

    answers.answer(f"GET /jobs/{JOB}/status", {"status": "RUNNING"})
    assert client.state(JOB) == "RUNNING"


def test_a_stop_with_savepoint(client, answers):
    answers.answer(f"POST /jobs/{JOB}/stop", {"request-id": "a" * 32})
    operation = client.stop(JOB, drain=True, target="file:/sp", trigger_id="a" * 32)
    assert answers.bodies() == [{"drain": True, "targetDirectory": "file:/sp", "triggerId": "a" * 32}]

    answers.answer(f"GET /jobs/{JOB}/savepoints/{operation}", {"status": {"id": "IN_PROGRESS"}, "operation": None})
    assert not client.savepoint(JOB, operation).done
    answers.answer(f"GET /jobs/{JOB}/savepoints/{operation}", "savepoint_done")
    assert client.savepoint(JOB, operation).path.startswith("file:/data/flink/sp/savepoint-")


def test_a_savepoint_that_failed_says_why(client, answers):
    answers.answer(f"GET /jobs/{JOB}/savepoints/1", "savepoint_failed")

    savepoint = client.savepoint(JOB, "1")

    assert savepoint.done
    assert savepoint.failure == "java.io.IOException: Failed to create savepoint directory at file:/proc/nowhere"
    assert savepoint.path == ""


def test_a_failed_job_names_its_root_cause_and_its_restarts(client, answers):
    answers.answer(f"GET /jobs/{JOB}", "job_failed")
    answers.answer(f"GET /jobs/{JOB}/exceptions", "exceptions_failed")
    # The metric is older than the last failures.
    answers.answer(f"GET /jobs/{JOB}/metrics", [{"id": "numRestarts", "value": "1"}])

    assert client.root_cause(JOB) == "java.net.ConnectException: Connection refused"
    assert client.restarts(JOB) == 3


def test_a_job_that_never_failed(client, answers):
    answers.answer(f"GET /jobs/{JOB}", "job_running")
    answers.answer(f"GET /jobs/{JOB}/exceptions", {"exceptionHistory": {"entries": [], "truncated": False}})
    answers.answer(f"GET /jobs/{JOB}/metrics", [])

    assert client.root_cause(JOB) == ""
    assert client.restarts(JOB) == 0


def test_checkpoints(client, answers):
    answers.answer(f"GET /jobs/{JOB}/checkpoints", "checkpoints")

    found = client.checkpoints(JOB)

    assert found.counts.restored == 1
    assert found.latest.restored is not None
    assert found.latest.restored.savepoint
    assert found.latest.completed is not None
    assert found.latest.completed.path is not None
    assert found.latest.completed.path.startswith("file:/data/flink/ckpt/")
    assert found.latest.completed.size > 0
    assert [checkpoint.id for checkpoint in found.completed] == sorted(
        (checkpoint.id for checkpoint in found.completed), reverse=True
    )


def test_back_pressure_of_each_vertex(client, answers):
    answers.answer(f"GET /jobs/{JOB}", "job_running")
    for vertex in client.job(JOB).vertices:
        answers.answer(f"GET /jobs/{JOB}/vertices/{vertex.id}/backpressure", "backpressure")

    assert {(pressure.level, pressure.back_pressured) for pressure in client.pressure(JOB)} == {("ok", 0.0)}


def test_a_vertex_without_a_sample_has_an_unknown_pressure(client, answers):
    answers.answer(f"GET /jobs/{JOB}", "job_running")
    trace = "<Exception on server side:\njava.util.NoSuchElementException: No value present\n\tat java.base/x\n"
    for vertex in client.job(JOB).vertices:
        path = f"GET /jobs/{JOB}/vertices/{vertex.id}/backpressure"
        answers.answer(path, {"errors": ["Internal server error.", trace]}, status=500)

    assert {pressure.level for pressure in client.pressure(JOB)} == {"unknown"}


@pytest.mark.parametrize("shown", ["sp.events.v1", "sp_events_v1"])
def test_partitions_that_the_readers_hold(client, answers, shown):
    answers.answer(f"GET /jobs/{JOB}", "job_running")
    others = [TOPIC_METRIC.format(f"other{number}", 1) for number in range(100)]
    names = [TOPIC_METRIC.format(shown, 0), *others, TOPIC_METRIC.format(shown, 3)]

    def metrics(request: httpx.Request) -> httpx.Response:
        asked = request.url.params.get("get")
        return httpx.Response(
            200,
            json=[{"id": name, "value": "-1"} for name in asked.split(",")] if asked else [{"id": n} for n in names],
        )

    for vertex in client.job(JOB).vertices:
        answers.table[f"GET /jobs/{JOB}/vertices/{vertex.id}/metrics"] = metrics

    assert client.assigned_partitions(JOB, "sp.events.v1") == {0, 3}
    assert max(len(str(request.url)) for request in answers.requests) < 4096


def test_cancelling_what_has_ended_is_no_error(client, answers):
    answers.answer(f"PATCH /jobs/{JOB}", {"errors": ["Job is already canceled."]}, status=409)
    client.cancel(JOB)

    answers.answer(f"PATCH /jobs/{JOB}", {"errors": ["no permission"]}, status=400)
    with pytest.raises(FlinkError):
        client.cancel(JOB)


def test_the_client_closes_its_connections(answers):
    from streamproof.model.settings import FlinkSettings

    with FlinkClient(FlinkSettings("http://flink:8081"), httpx.MockTransport(answers)) as client:
        answers.answer("GET /overview", "overview")
        client.overview()
    with pytest.raises(RuntimeError, match="closed"):
        client.overview()
