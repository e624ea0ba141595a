"""The DAGs of several packs, of which one is broken."""

from __future__ import annotations

import shutil

import pytest

SECTION = "dag: {schedule: '15 4 * * 1', alert_to: [clicks@example.org], owner: web-team}\n"


@pytest.fixture(scope="module")
def packs(home, tmp_path_factory) -> str:
    """A folder with a pack that has a schedule, one that has none, and a broken one."""
    folder = tmp_path_factory.mktemp("packs")
    for name in ("clicks", "plain", "broken"):
        shutil.copytree(home / "tests/packs/counter", folder / name)
    for name, more in (("clicks", SECTION), ("broken", "titel: Nothing\n")):
        with (folder / name / "pack.yaml").open("a") as file:
            file.write(more)
    return str(folder)


@pytest.fixture(scope="module")
def parsed(parse, packs) -> dict:
    return parse("streamproof_run", STREAMPROOF_PACKS=packs)


def test_every_pack_that_can_be_read_has_its_dag(parsed):
    assert parsed["errors"] == {}
    assert parsed["modules"] == []
    assert parsed["dags"] == {
        "streamproof_run": {"schedule": "0 3 * * *", "owner": "data-platform", "pack": "livepeer"},
        "streamproof_run_clicks": {"schedule": "15 4 * * 1", "owner": "web-team", "pack": "clicks"},
        "streamproof_run_market": {"schedule": "None", "owner": "data-platform", "pack": "market"},
        "streamproof_run_plain": {"schedule": "None", "owner": "data-platform", "pack": "plain"},
    }


def test_the_schedule_of_the_environment_is_that_of_every_pack(parse, packs):
    found = parse("streamproof_run", STREAMPROOF_PACKS=packs, STREAMPROOF_SCHEDULE="none")["dags"]
    assert {dag["schedule"] for dag in found.values()} == {"None"}


def test_a_broken_pack_is_one_import_error_that_names_it(parse, packs):
    found = parse("streamproof_broken_packs", STREAMPROOF_PACKS=packs)
    [error] = found["errors"].values()
    assert "broken/pack.yaml" in error
    assert "titel" in error
    assert "clicks" not in error


def test_without_a_broken_pack_there_is_no_error(parse):
    assert parse("streamproof_broken_packs")["errors"] == {}
