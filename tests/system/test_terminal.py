"""A run in a real terminal: what a person sees of it, and how it leaves the terminal."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.support.terminal import CTRL_C, Terminal

from .conftest import COMMAND

pytestmark = pytest.mark.system

# A small pack, so that its runs are short. It has no contracts, whose libraries take long to import.
LETTERS = str(Path(__file__).resolve().parents[1] / "packs" / "letters")

# In CI, output is plain also in a terminal.
BY_HAND = {"CI": ""}


def test_a_run_shows_its_stages_live_and_its_one_document_elsewhere(cli, tmp_path):
    document = tmp_path / "summary.json"
    command = [COMMAND, "run", "--pack", LETTERS, "--run-id", "seen", "--json"]
    with Terminal(command, columns=110, env={**cli.environment, **BY_HAND}, stdout=document) as terminal:
        terminal.until(lambda: re.search(r"stack_up +running +\d+\.\d s +services; up: ", terminal.text) is not None)
        assert not terminal.cursor_is_shown
        terminal.resize(50, 40)
        terminal.until(lambda: re.search(r"✓ +pipeline_wait", terminal.text) is not None)
        terminal.resize(110, 40)
        assert terminal.ended() == 0
        assert terminal.cursor_is_shown
        assert re.search(r"✓ +stack_down +passed +\d", terminal.text)
        assert "✓ passed" in terminal.text

    summary = json.loads(document.read_text())
    assert (summary["run_id"], summary["verdict"]) == ("seen", "passed")
    [entry] = cli("history", "--json").json["runs"]
    assert (entry["run_id"], entry["verdict"], entry["checks_total"]) == ("seen", "passed", summary["checks"]["total"])


def test_ctrl_c_ends_a_run_and_gives_the_terminal_back(cli):
    with Terminal(
        [COMMAND, "run", "--pack", LETTERS, "--run-id", "left"], env={**cli.environment, **BY_HAND}
    ) as terminal:
        terminal.until("services; up:")
        [running] = cli("history", "--json").json["runs"]
        assert running["verdict"] == "running"
        terminal.type(CTRL_C)
        assert terminal.ended() == 130
        assert terminal.cursor_is_shown
        assert "Interrupted." in terminal.text
    [entry] = cli("history", "--json").json["runs"]
    assert (entry["run_id"], entry["verdict"]) == ("left", "interrupted")
