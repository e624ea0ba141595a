"""The container's health check."""

from __future__ import annotations

import pytest

from pipelines.livepeer.health import problem
from pipelines.livepeer.status_file import FAILED, RUNNING, STARTING, StatusFile


@pytest.mark.parametrize("state", [STARTING, RUNNING, FAILED])
def test_only_a_job_that_runs_is_healthy(tmp_path, state):
    path = tmp_path / "status.json"
    StatusFile(path).write(state, {})
    assert problem({"PROCESSOR_STATUS_FILE": str(path)}) == (None if state == RUNNING else f"the job is {state}")


@pytest.mark.parametrize(("content", "said"), [(None, "there is no status file"), ("{", "is not JSON")])
def test_a_file_that_says_nothing_is_not_healthy(tmp_path, content, said):
    path = tmp_path / "status.json"
    if content is not None:
        path.write_text(content)
    assert said in (problem({"PROCESSOR_STATUS_FILE": str(path)}) or "")
