"""Pack a Python job into a `.jar`, which Flink takes and runs as it does a Java job."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from streamproof.model.errors import UsageError

ENTRY_CLASS = "org.apache.flink.client.python.PythonDriver"
# Stands for the path of the uploaded bundle among the arguments, until it is known.
BUNDLE = "{bundle}"
# The option that adds files to the Python path of the task managers. The driver's -pyfs reaches only the job manager.
PYTHON_FILES = "python.files"
HASH_DIGITS = 12
_TIME = (1980, 1, 1, 0, 0, 0)
_LEFT_OUT = {"__pycache__", ".git", ".venv", ".mypy_cache", ".ruff_cache", ".pytest_cache"}


def make_bundle(name: str, folder: Path, out: Path, *, module: str, packages: Sequence[str] = ()) -> Path:
    """Write the bundle of the modules in `folder` to the folder `out`, and return its path: NAME-HASH.jar.

    `packages` are the entries of `folder` that are packed, by default all. `module` is the one that is run. The same
    files give the same bytes, so the hash in the name, that of the content, tells builds apart.
    Raises UsageError when the folder or the module is missing.
    """
    if not folder.is_dir():
        raise UsageError(
            f"{folder} is not a folder of Python modules.", hint="Name the folder that holds the packages."
        )
    files = sorted(_files(folder, packages), key=lambda path: path.relative_to(folder).as_posix())
    _require_module(module, folder, files)
    content = _zipped(folder, files)
    path = out / f"{name}-{hashlib.sha256(content).hexdigest()[:HASH_DIGITS]}.jar"
    out.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def python_arguments(
    module: str, *, python: str = "", bundle: str = BUNDLE, arguments: Sequence[str] = ()
) -> list[str]:
    """Return the program arguments of Flink's driver of Python jobs.

    `python` is the interpreter on the job and task managers; '' is the one that the cluster is configured for.
    `arguments` are those of the program.
    """
    interpreter = ["-pyclientexec", python, "-pyexec", python] if python else []
    return ["-pym", module, "-pyfs", bundle, *interpreter, *arguments]


def _files(folder: Path, packages: Sequence[str]) -> Iterator[Path]:
    for root in [folder / name for name in packages] or [folder]:
        if not root.exists():
            raise UsageError(f"There is no {root.name} in {folder}.", hint="Name packages that the folder holds.")
        for path in [root] if root.is_file() else root.rglob("*"):
            parts = set(path.relative_to(folder).parts)
            if path.is_file() and not parts & _LEFT_OUT and path.suffix not in (".pyc", ".pyo"):
                yield path


def _require_module(module: str, folder: Path, files: Sequence[Path]) -> None:
    base = folder.joinpath(*module.split("."))
    if base.with_suffix(".py") not in files and base / "__main__.py" not in files and base / "__init__.py" not in files:
        raise UsageError(
            f"There is no module {module} in {folder}.", hint="A module is named as Python imports it: a.b."
        )


def _zipped(folder: Path, files: Sequence[Path]) -> bytes:
    """Return a zip file that depends on names and contents only: compression differs between versions of zlib."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for path in files:
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), _TIME)
            entry.external_attr = 0o644 << 16
            entry.create_system = 3
            archive.writestr(entry, path.read_bytes())
    return buffer.getvalue()
