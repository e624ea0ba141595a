"""`streamproof init` writes the DAG files, and replaces nobody's files unasked."""

from __future__ import annotations

import pytest


@pytest.fixture
def sources(project, home):
    (project / "dags").symlink_to(home / "dags")
    return {file.name: file.read_text() for file in (home / "dags").glob("*.py")}


def test_the_dag_files_are_written_once_or_twice(call, sources, tmp_path):
    for _ in range(2):
        ended = call("init", tmp_path / "airflow", "--json")
        assert ended.code == 0, ended.err
        assert len(ended.document["dags"]) == len(sources) >= 2
        written = {file.name: file.read_text() for file in (tmp_path / "airflow/dags").iterdir()}
        assert written == sources


def test_a_file_that_differs_is_kept_unless_forced(call, refuses, sources, tmp_path):
    own = tmp_path / "airflow/dags/streamproof_run.py"
    own.parent.mkdir(parents=True)
    own.write_text("# mine")
    assert str(own) in refuses("init", tmp_path / "airflow")
    assert [file.name for file in own.parent.iterdir()] == [own.name]
    assert own.read_text() == "# mine"
    assert call("init", tmp_path / "airflow", "--force").code == 0
    assert own.read_text() == sources[own.name]


def test_a_file_in_the_place_of_the_folder_is_refused(refuses, sources, tmp_path):
    (tmp_path / "dags-file").mkdir()
    (tmp_path / "dags-file/dags").write_text("")
    assert "is not a folder" in refuses("init", tmp_path / "dags-file")
