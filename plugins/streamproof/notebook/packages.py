"""The packages that execute a notebook. They are installed at the first use, into the cache."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from streamproof.runtime.jars import Progress
from streamproof.runtime.pack_packages import PackPackages

LOCK = "requirements-notebook.txt"


def notebook_packages(home: Path, cache: Path, progress: Progress) -> Path | None:
    """Return the folder of the packages, after installing them where that was not done yet (about 10 s).

    None: this environment has them all. Raises StackError when a package cannot be had.
    """
    return PackPackages(cache, progress, "command").folder("notebook", home / LOCK)


@contextmanager
def importable(folder: Path | None) -> Iterator[None]:
    """Make the packages importable in this process. They come last, so they replace none of this environment."""
    added = [str(folder)] if folder else []
    sys.path.extend(added)
    try:
        yield
    finally:
        for entry in added:
            sys.path.remove(entry)


def kernel_environment(folder: Path | None, private: Path, variables: Mapping[str, str]) -> Mapping[str, str]:
    """Return the environment variables of a kernel that finds the packages and leaves no files outside `private`.

    `variables` are those of this process.
    """
    found = [str(folder)] if folder else []
    paths = [*found, *filter(None, [variables.get("PYTHONPATH")])]
    return {
        **variables,
        "PYTHONPATH": os.pathsep.join(paths),
        "IPYTHONDIR": str(private / "ipython"),
        "JUPYTER_CONFIG_DIR": str(private / "config"),
        "JUPYTER_DATA_DIR": str(private / "data"),
        "JUPYTER_RUNTIME_DIR": str(private / "runtime"),
        # The kernel starts without debugger: its warning about frozen modules would be an output.
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }
