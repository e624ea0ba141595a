"""Opening a run for its notebook: each run that cannot be shown gets one message and its exit code."""

from __future__ import annotations

import pytest

from streamproof.environment import Environment
from streamproof.model.errors import StackError, UsageError
from streamproof.notebook.opening import open_run
from streamproof.runtime.files import write_json
from streamproof.stages.publish_summary import publish
from streamproof.stages.publishing.notebook_sections import FILE

ROWS = {"sections": [], "scenarios": [], "reason": ""}


@pytest.fixture
def ended(planned):
    """A run that has ended, with the rows of its notebook."""
    ctx = planned()
    ctx.folder.write_plan(ctx.plan)
    publish(ctx)
    write_json(ctx.folder.root / FILE, ROWS)
    return ctx


@pytest.fixture
def environment(tmp_path):
    return Environment.read({"STREAMPROOF_ARTIFACTS": str(tmp_path / "runs")})


def refused(environment, error, **options):
    with pytest.raises(error) as caught:
        open_run(environment, "r1", **options)
    assert caught.value.hint
    return caught.value


def test_an_unknown_run_names_the_known_ones(environment, ended):
    with pytest.raises(UsageError, match="There is no run 'r2'") as caught:
        open_run(environment, "r2")
    assert caught.value.hint == "The newest: r1."


def test_latest_is_the_run_planned_last(environment, ended):
    assert open_run(environment, "latest").ctx.plan.run_id == "r1"


def test_an_interrupted_run_is_not_shown(environment, ended):
    ended.folder.summary.unlink()
    error = refused(environment, StackError)
    assert "has no summary" in error.message


def test_a_run_of_an_older_version_is_not_shown(environment, ended):
    (ended.folder.root / FILE).unlink()
    error = refused(environment, StackError)
    assert "has saved no rows for the notebook: it was made by an older version" in error.message
    assert "--live" in error.hint


def test_a_run_that_saved_nothing_says_why(environment, ended):
    write_json(ended.folder.root / FILE, {**ROWS, "reason": "The run ended before its events were published."})
    assert refused(environment, StackError).message.endswith("The run ended before its events were published.")


def test_a_broken_file_is_named(environment, ended):
    (ended.folder.root / FILE).write_text("{", encoding="utf-8")
    assert FILE in refused(environment, StackError).message


@pytest.mark.parametrize(
    ("file", "content", "why"),
    [
        (FILE, [], "it holds no object"),
        (FILE, {**ROWS, "reason": 3}, "reason: Input should be a valid string"),
        (FILE, {"sections": []}, "scenarios: Field required"),
        (FILE, {**ROWS, "sections": {"a": 1}}, "sections: Input should be a valid list"),
        (FILE, {**ROWS, "sections": [{"name": "a"}]}, "sections.0.columns: Field required"),
        ("sessions.json", {}, "it holds no list of objects"),
        ("sessions.json", ["a"], "it holds no list of objects"),
        ("summary.json", [], "it holds no object"),
        ("summary.json", {"run_id": "r1", "verdict": "passed"}, "it has no failures"),
    ],
)
def test_a_file_of_another_shape_is_named_with_what_is_wrong(environment, ended, file, content, why):
    write_json(ended.folder.root / file, content)
    message = refused(environment, StackError).message
    assert file in message
    assert why in message


@pytest.mark.parametrize("file", [FILE, "sessions.json", "summary.json"])
def test_a_file_that_is_a_folder_is_named(environment, ended, file):
    (ended.folder.root / file).unlink(missing_ok=True)
    (ended.folder.root / file).mkdir()
    assert f"{file} cannot be read: Is a directory" in refused(environment, StackError).message


def test_a_stack_that_is_down_cannot_be_read_live(environment, ended):
    assert "The stack of run r1 is not up" in refused(environment, StackError, live=True).message


def test_an_unknown_entity_names_the_nearest(environment, ended):
    write_json(ended.folder.root / "sessions.json", [{"workflow_session_id": "strm-1|a"}])
    assert open_run(environment, "r1", entity="strm-1|a").facts_by_id == {
        "strm-1|a": {"workflow_session_id": "strm-1|a"}
    }
    error = refused(environment, UsageError, entity="strm-1|b")
    assert error.message == "Run r1 has no session 'strm-1|b'."
    assert error.hint == "The nearest: strm-1|a."
