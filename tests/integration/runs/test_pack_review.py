"""A whole pack is reviewed by the engine without a server, and every fault in it is named."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
import yaml

from streamproof.model.errors import WarehouseError
from streamproof.packs.loading import Packs
from streamproof.runs.context import RunContext
from streamproof.runs.pack_review import RUN_PARAMETERS, review_pack
from streamproof.warehouse.clickhouse.reviewing import review

CASES = yaml.safe_load(Path(__file__).with_name("pack_review_cases.yaml").read_text())


@pytest.mark.parametrize("name", ["livepeer", "market", "tests/packs/counter", "tests/packs/letters"])
def test_a_shipped_pack_is_good(home, name):
    packs = Packs(home)
    assert review_pack(packs.load(str(home / name) if "/" in name else name), home) == ()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_every_fault_is_named(home, tmp_path, case):
    folder = tmp_path / "counter"
    shutil.copytree(home / "tests/packs/counter", folder)
    for file, old, new in case["edits"]:
        text = (folder / file).read_text()
        assert old in text
        (folder / file).write_text(text.replace(old, new, 1))

    found = [problem.message for problem in review_pack(Packs(home).load(str(folder)), home)]

    assert len(found) == len(case["problems"]), found
    for message in case["problems"]:
        assert any(re.search(message, text) for text in found), (message, found)


def test_the_known_parameters_are_those_of_a_run(home, monkeypatch, tmp_path):
    replay = {"expected": {"dlq": {}, "quarantine": {}, "ignored": {}}}
    keys = ("published", "published_ids", "promised_by_scenario", "published_in_window")

    class Run:
        class plan:  # noqa: N801 - it stands for an attribute
            observes, correlation = False, ""

        pack = Packs(home).load("livepeer")
        names = type("Names", (), {"input_topic": "t"})
        window = type("Window", (), {"query_parameters": staticmethod(lambda: {"from_ts": "", "to_ts": ""})})
        stage_details = staticmethod(lambda _stage: {**replay, **dict.fromkeys(keys)})

    assert RunContext.check_parameters(Run).keys() == RUN_PARAMETERS.keys() | Run.pack.query_parameters.keys()  # type: ignore[arg-type]


def test_an_engine_that_cannot_be_used_is_no_fault_of_the_pack(home, monkeypatch):
    monkeypatch.setattr(review, "CHILD", "no.such.module")
    with pytest.raises(WarehouseError, match="The engine that reviews SQL ended with 1"):
        review_pack(Packs(home).load(str(home / "tests/packs/counter")), home)
