"""The bundle of a Python job: the same files give the same bytes."""

from __future__ import annotations

import hashlib
import os
import zipfile

import pytest

from streamproof.flink.bundle import BUNDLE, make_bundle, python_arguments
from streamproof.model.errors import UsageError


@pytest.fixture
def folder(tmp_path):
    for name, text in {
        "job/__init__.py": "",
        "job/main.py": "print(1)",
        "job/data/cases.json": "{}",
        "job/__pycache__/main.cpython-311.pyc": "x",
        "other/__init__.py": "",
    }.items():
        path = tmp_path / "src" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "src"


def test_a_bundle_holds_the_packages_and_no_caches(folder, tmp_path):
    path = make_bundle("clicks", folder, tmp_path / "out", module="job.main", packages=["job"])

    assert zipfile.ZipFile(path).namelist() == ["job/__init__.py", "job/data/cases.json", "job/main.py"]
    assert path.name == f"clicks-{hashlib.sha256(path.read_bytes()).hexdigest()[:12]}.jar"


def test_the_same_files_give_the_same_bytes(folder, tmp_path):
    first = make_bundle("clicks", folder, tmp_path / "a", module="job.main")
    os.utime(folder / "job/main.py", (1, 1))
    (folder / "job/main.py").chmod(0o755)
    again = make_bundle("clicks", folder, tmp_path / "b", module="job.main")

    assert first.read_bytes() == again.read_bytes()
    (folder / "job/main.py").write_text("print(2)")
    assert make_bundle("clicks", folder, tmp_path / "b", module="job.main").name != first.name


@pytest.mark.parametrize(
    ("module", "packages", "message"),
    [("job.gone", [], "no module job.gone"), ("job.main", ["gone"], "no gone"), ("job.main", ["other"], "no module")],
)
def test_what_cannot_be_packed(folder, tmp_path, module, packages, message):
    with pytest.raises(UsageError, match=message):
        make_bundle("clicks", folder, tmp_path / "out", module=module, packages=packages)
    assert not (tmp_path / "out").exists()


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(UsageError, match="not a folder"):
        make_bundle("clicks", tmp_path / "gone", tmp_path, module="job")


def test_the_arguments_of_the_driver():
    assert python_arguments("job.main", arguments=["--topic", "t"]) == [
        *("-pym", "job.main", "-pyfs", BUNDLE, "--topic", "t")
    ]
    assert python_arguments("job.main", python="/venv/bin/python", bundle="/up/x.jar") == [
        *("-pym", "job.main", "-pyfs", "/up/x.jar"),
        *("-pyclientexec", "/venv/bin/python", "-pyexec", "/venv/bin/python"),
    ]
