"""What the Airflow face reads, and how DAG runs get their folders."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamproof.airflow.settings import attempts, folders_of, read_settings, run_id_of
from streamproof.model.stack import ProcessIdentity
from streamproof.packs.loading import load_pack
from streamproof.runs.names import RunNames


def test_defaults(home):
    settings = read_settings({"HOME": "/h"})

    assert settings.home == home
    assert settings.artifacts == home / "artifacts" / "test-runs"
    assert settings.cache_dir == Path.home() / ".cache" / "streamproof"
    assert settings.java is None
    assert settings.owner is None
    assert settings.alert_to == ()
    assert settings.schedule == "0 3 * * *"
    assert settings.prove_schedule == "0 5 * * 0"


def test_everything_can_be_given():
    settings = read_settings(
        {
            "STREAMPROOF_HOME": "/p",
            "STREAMPROOF_ARTIFACTS": "/a",
            "STREAMPROOF_JAVA": "/j",
            "STREAMPROOF_OWNER": "42 1.5",
            "STREAMPROOF_ALERT_TO": " a@b.c, d@e.f ,",
            "STREAMPROOF_SMTP_CONN_ID": "mail",
            "STREAMPROOF_SCHEDULE": "none",
            "STREAMPROOF_PROVE_SCHEDULE": "0 1 1 * *",
            "XDG_CACHE_HOME": "/c",
        }
    )

    assert (settings.home, settings.artifacts, settings.cache_dir) == (Path("/p"), Path("/a"), Path("/c/streamproof"))
    assert (settings.java, settings.smtp_conn_id, settings.schedule) == ("/j", "mail", None)
    assert settings.prove_schedule == "0 1 1 * *"
    assert settings.owner == ProcessIdentity(42, 1.5)
    assert settings.alert_to == ("a@b.c", "d@e.f")


@pytest.mark.parametrize(
    ("dag_run_id", "run_id"),
    [
        ("manual__2026-11-22T03:30:30.123456+00:00", "manual__2026-11-22T03-30-30.123456-00-00"),
        ("scheduled__2026-11-22T03:00:00+00:00", "scheduled__2026-11-22T03-00-00-00-00"),
        ("../../etc", "etc"),
        ("///", "run"),
    ],
)
def test_run_ids(dag_run_id, run_id):
    assert run_id_of(dag_run_id) == run_id


@given(st.text(min_size=1, max_size=250))
def test_any_dag_run_id_becomes_a_run_id_that_is_accepted(home, dag_run_id):
    run_id = run_id_of(dag_run_id)

    assert RunNames.of(load_pack(home, "livepeer"), f"{run_id}.try12").database
    assert "/" not in run_id


def test_long_ids_that_begin_alike_stay_apart():
    assert run_id_of("x" * 300 + "1") != run_id_of("x" * 300 + "2")


def test_attempts_are_in_the_order_of_their_numbers(tmp_path):
    assert attempts(tmp_path / "nowhere", "r") == []
    for name in ("r", "r.try2", "r.try10", "r.tryout", "r2"):
        (tmp_path / name).mkdir()

    assert [path.name for path in attempts(tmp_path, "r")] == ["r", "r.try2", "r.try10"]


def test_folders_of_a_dag_run_are_those_that_its_dag_made(tmp_path):
    plans = {
        "r": '{"dag_id": "run"}',
        "r.try2": '{"dag_id": "other"}',
        "r.try3": '{"pack": "x"}',
        "r.try4": "[",
        "r.try5": None,
    }
    for name, plan in plans.items():
        (tmp_path / name).mkdir()
        if plan is not None:
            (tmp_path / name / "plan.json").write_text(plan)

    assert [path.name for path in folders_of(tmp_path, "run", "r")] == ["r", "r.try3", "r.try4", "r.try5"]
    assert [path.name for path in folders_of(tmp_path, "other", "r")] == ["r.try2", "r.try3", "r.try4", "r.try5"]
    assert folders_of(tmp_path / "nowhere", "run", "r") == []
