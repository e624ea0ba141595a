"""The tutorial, followed to the letter: its commands in one shell, and every output that it shows."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.support.walkthrough import first_missing, follow, steps_of

pytestmark = [pytest.mark.system, pytest.mark.engine]

# Seconds for three runs, on a machine that is busy with something else.
TIMEOUT_SEC = 900


def test_every_command_of_the_tutorial_works_and_shows_what_the_page_says(home, tmp_path, no_process_of):
    steps = steps_of((home / "docs/tutorial.md").read_text())
    programs = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
    outputs = follow(steps, tmp_path, environment, TIMEOUT_SEC)
    for step, output in zip(steps, outputs, strict=True):
        assert first_missing(step.shown, output) is None, output
    assert no_process_of(tmp_path) == []
