"""The environment that `make setup` makes starts whatever letters are in the project's path, in any locale."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

pytestmark = pytest.mark.system

WHERE = "import pipelines, sys; from streamproof.cli import main; sys.stdout.buffer.write(main.__file__.encode())"


@pytest.fixture
def project(home: Path, tmp_path: Path) -> Path:
    """A project in a folder with letters that ASCII does not have, and an environment as the Makefile makes it."""
    project = tmp_path / "prüfstand für été"
    project.mkdir()
    for folder in ("include", "plugins", "requirements.txt"):
        (project / folder).symlink_to(home / folder)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", project / ".venv"], check=True)
    subprocess.run(["make", "--silent", "-C", project, "-f", home / "Makefile", "paths"], check=True)
    return project


@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_a_path_that_is_not_ascii_starts_in_any_locale(project: Path, locale: str) -> None:
    env = {**os.environ, "LC_ALL": locale, "PYTHONPATH": sysconfig.get_path("purelib")}
    python = project / ".venv/bin/python"
    started = subprocess.run([python, "-c", WHERE], env=env, capture_output=True, check=False)
    assert started.returncode == 0, started.stderr
    assert started.stdout.decode() == str(project / "plugins/streamproof/cli/main.py")
    manifest = project / "include/fixtures/livepeer/golden/manifest.json"
    command = [python, "-m", "streamproof", "fixtures", "verify", manifest]
    verified = subprocess.run(command, env=env, capture_output=True, check=False)
    assert verified.returncode == 0, verified.stderr
