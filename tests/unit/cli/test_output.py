"""What a console cannot show changes nothing but how it looks."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

SHOW = """
from streamproof.cli.output import emit_json, progress_console, result_console, survive_any_console
survive_any_console()
result_console(json=False).print("\\u2713 \\xe9 \\ud800")
progress_console().print("\\u2713")
emit_json({"mark": "\\u2713 \\xe9", "fee": 25 * 10 ** 18})
"""


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8"])
def test_a_console_of_any_encoding_is_written_to(encoding):
    env = {**os.environ, "PYTHONIOENCODING": encoding}
    done = subprocess.run([sys.executable, "-c", SHOW], capture_output=True, env=env, check=True)
    shown, _, document = done.stdout.partition(b"\n")
    assert ("\u2713" if encoding == "utf-8" else "\\u2713") in shown.decode(encoding)
    assert b"\\ud800" in shown
    # JSON is UTF-8 on any console.
    assert json.loads(document.decode("utf-8")) == {"mark": "\u2713 \xe9", "fee": str(25 * 10**18)}


@pytest.mark.parametrize(("arguments", "code"), [(["--version"], 0), (["assert", "--sql-file", "\u2713.sql"], 2)])
def test_the_exit_code_is_the_same_on_any_console(arguments, code):
    env = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run([sys.executable, "-m", "streamproof", *arguments], capture_output=True, env=env, check=False)
    assert done.returncode == code
