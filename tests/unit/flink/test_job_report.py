"""What a report says about a job."""

from __future__ import annotations

import json

import httpx

from streamproof.flink.job_report import job_report

JOB = "82740e26b45cda60e1e248c0ef3c8893"


def test_a_job_that_runs(client, answers):
    for path, name in {"": "job_running", "/checkpoints": "checkpoints"}.items():
        answers.answer(f"GET /jobs/{JOB}{path}", name)
    answers.answer(f"GET /jobs/{JOB}/exceptions", {"exceptionHistory": {"entries": []}})
    answers.answer(f"GET /jobs/{JOB}/metrics", [{"id": "numRestarts", "value": "0"}])

    def metrics(request: httpx.Request) -> httpx.Response:
        asked = request.url.params.get("get")
        names = ["0.Source__a.pendingRecords", "1.Source__a.pendingRecords", "0.Source__a.numBytesIn"]
        found = [{"id": name, "value": "20"} for name in asked.split(",")] if asked else [{"id": n} for n in names]
        return httpx.Response(200, json=found)

    first, *others = client.job(JOB).vertices
    answers.table[f"GET /jobs/{JOB}/vertices/{first.id}/metrics"] = metrics
    for vertex in others:
        answers.answer(f"GET /jobs/{JOB}/vertices/{vertex.id}/metrics", [])
    for vertex in (first, *others):
        answers.answer(f"GET /jobs/{JOB}/vertices/{vertex.id}/backpressure", "backpressure")

    report = job_report(client, JOB)

    assert (report["state"], report["restarts"], report["lag"], report["missing"]) == ("RUNNING", 0, 40, "")
    assert report["checkpoints"]["completed"] > 0
    assert report["checkpoints"]["last"]["duration"] >= 0
    assert report["checkpoints"]["restored_from"].startswith("file:/data/flink/sp/")
    assert [pressure["level"] for pressure in report["back_pressure"]] == ["ok", "ok"]
    assert json.loads(json.dumps(report)) == report


def test_a_job_that_failed(client, answers):
    answers.answer(f"GET /jobs/{JOB}", "job_failed")
    answers.answer(f"GET /jobs/{JOB}/checkpoints", "checkpoints")
    answers.answer(f"GET /jobs/{JOB}/exceptions", "exceptions_failed")
    answers.answer(f"GET /jobs/{JOB}/metrics", [])

    report = job_report(client, JOB)

    assert (report["state"], report["lag"], report["back_pressure"]) == ("FAILED", None, [])
    assert report["root_cause"] == "java.net.ConnectException: Connection refused"
