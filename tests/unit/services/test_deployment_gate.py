"""The gate of a deployment as a command."""

from __future__ import annotations

import shlex
import sys

import pytest

from streamproof.model.errors import UsageError
from streamproof.services.deployment_gate import command_gate

REST = "http://flink:8081"


def command(code: str) -> str:
    return shlex.join([sys.executable, "-c", code])


def test_a_command_that_passes_knows_the_job():
    code = "import os; assert (os.environ['FLINK_JOB_ID'], os.environ['FLINK_REST']) == ('j1', 'http://flink:8081')"

    assert command_gate(command(code), rest=REST)("j1") == ""


def test_a_command_that_fails_tells_its_last_line():
    code = "import sys; print('ok'); sys.exit('first\\nverdict: failed')"

    assert command_gate(command(code), rest=REST)("j1").endswith("ended with code 1: verdict: failed")


def test_a_command_that_does_not_end():
    assert "has not ended in 0 s" in command_gate(
        command("import threading; threading.Event().wait()"), rest=REST, timeout=0.05
    )("j1")


def test_a_command_that_is_not_there():
    assert "no/such/program cannot be started" in command_gate("no/such/program", rest=REST)("j1")


@pytest.mark.parametrize("text", ["", "  ", "'open"])
def test_what_is_no_command(text):
    with pytest.raises(UsageError):
        command_gate(text, rest=REST)
