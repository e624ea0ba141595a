"""`streamproof diff`: what it refuses. What it finds is tested with the engine and with whole runs."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from streamproof.content.saving import write_index
from streamproof.model.content import SavedContent, SavedTable

COUNTER = Path(__file__).resolve().parents[2] / "packs" / "counter"


@pytest.fixture
def made(project, planned):
    """A folder of a run, with this saved content."""

    def make(run_id: str, content: SavedContent | None = None, **plan: object) -> None:
        ctx = planned(run_id=run_id)
        folder = project / "artifacts/test-runs" / run_id
        folder.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(ctx.folder.root, folder)
        moved = replace(ctx.folder, root=folder)
        moved.write_plan(replace(ctx.plan, folder=str(folder), **plan))
        if content:
            write_index(moved.content, content)

    return make


def refused(outcome, message: str, hint: str = "") -> None:
    assert outcome.code == 2, outcome.err
    assert outcome.out == ""
    assert message in outcome.err
    assert hint in outcome.err


def test_an_unknown_run(call):
    refused(call("diff", "ghost", "ghoul"), "There is no run 'ghost'", "Make one with `streamproof run`.")


def test_a_run_that_has_saved_nothing(call, made):
    made("one")
    refused(call("diff", "one", "latest"), "Run one has no saved content.", "It is not at its end")


def test_an_observation(call, made):
    made("one", mode="observe")
    refused(call("diff", "one", "one"), "Run one has observed a warehouse", "db:NAME")


def test_a_run_that_says_why(call, made):
    made("one", SavedContent("livepeer", reason="The run ended before its events were published."))
    refused(call("diff", "one", "one"), "one has no saved content: The run ended before its events were published.")


def test_two_packs(call, made):
    made("one", SavedContent("livepeer", (SavedTable("raw", "a", "raw/a.parquet"),)))
    made("two", SavedContent("counter", (SavedTable("raw", "a", "raw/a.parquet"),)))
    refused(call("diff", "one", "two"), "one is of pack livepeer, and two of pack counter.")


def test_a_database_without_a_name(call):
    refused(call("diff", "db:", "db:x"), "'db:' names no database.", "Write db:NAME.")


def test_a_database_without_a_server(call):
    refused(call("diff", "db:x", "db:y"), "CH_HOST")


def test_no_examples_are_no_error_but_fewer_are(call):
    assert call("diff", "a", "b", "--rows", "-1").code == 2


def test_one_argument(call):
    refused(call("diff", "one"), "Missing argument 'B'.")
