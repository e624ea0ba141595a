"""The packages that execute notebooks: their lock file, and what the kernel is started with."""

from __future__ import annotations

import re
import sys

import pytest

from streamproof.model.errors import StackError
from streamproof.notebook.packages import LOCK, importable, kernel_environment, notebook_packages
from streamproof.runtime import pack_packages

_PIN = re.compile(r"^([a-z0-9_.-]+)==([^\s;\\]+)", re.MULTILINE)


def pins(home, name):
    return dict(_PIN.findall((home / name).read_text(encoding="utf-8")))


def test_the_lock_has_the_versions_of_the_environment_and_is_in_the_wheel(home):
    mine, base = pins(home, LOCK), pins(home, "requirements.txt")
    assert {"ipykernel", "nbclient", "nbformat"} <= mine.keys() - base.keys()
    assert {name: version for name, version in mine.items() if base.get(name, version) != version} == {}
    text = (home / LOCK).read_text(encoding="utf-8")
    assert text.count("--hash=sha256:") > len(mine)
    project = (home / "pyproject.toml").read_text(encoding="utf-8")
    assert f'"{LOCK}" = "streamproof/project/{LOCK}"' in project
    assert '"notebooks" = "streamproof/project/notebooks"' in project


def test_what_cannot_be_installed_is_said_of_the_command(home, tmp_path, monkeypatch):
    def fail(*arguments, what, needs):
        raise StackError(f"{what} could not be installed: no index.", hint=needs)

    monkeypatch.setattr(pack_packages, "run_uv", fail)
    monkeypatch.setattr(pack_packages, "_found", lambda name, places: None)
    told: list[str] = []
    with pytest.raises(StackError, match="What command 'notebook' needs could not be installed: no index"):
        notebook_packages(home, tmp_path, lambda done, total, name: told.append(name))
    assert "packages of command 'notebook', once: " in told[0]
    assert not list((tmp_path / "packs").glob("notebook-*"))


def test_packages_come_last_and_only_for_the_time_of_use(tmp_path):
    before = list(sys.path)
    with importable(tmp_path):
        assert sys.path == [*before, str(tmp_path)]
    assert sys.path == before
    with importable(None):
        assert sys.path == before


def test_the_kernel_finds_the_packages_and_writes_only_to_its_own_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("OF_THIS_PROCESS", "is not looked at")
    given = {"PYTHONPATH": "/given", "CH_HOST": "there"}
    made = kernel_environment(tmp_path / "packages", tmp_path / "private", given)
    assert made["CH_HOST"] == "there"
    assert "OF_THIS_PROCESS" not in made
    assert made["PYTHONPATH"] == f"{tmp_path / 'packages'}:/given"
    folders = ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")
    assert all(made[name].startswith(str(tmp_path / "private")) for name in folders)
    assert kernel_environment(None, tmp_path, given)["PYTHONPATH"] == "/given"
