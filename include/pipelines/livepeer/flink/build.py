"""Functions that a task manager builds from the modules of their own build.

In thread mode all jobs of a task manager share one Python interpreter, and with it the cache of imported modules. A job
that was updated would run the modules of the build before it. So a function travels as its build, its class and its
arguments, and the task manager imports the modules of that build before it reads them.
"""

from __future__ import annotations

import hashlib
import pickle
import sys
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

import cloudpickle

PACKAGE = "pipelines"


def _files(folder: Traversable, path: str) -> list[tuple[str, Traversable]]:
    found = []
    for item in folder.iterdir():
        name = f"{path}/{item.name}"
        if item.is_dir():
            found += [] if item.name == "__pycache__" else _files(item, name)
        else:
            found.append((name, item))
    return found


@cache
def build_of() -> str:
    """Return the build of this package: the SHA-256 (hex) of its files."""
    digest = hashlib.sha256()
    for name, file in sorted(_files(resources.files(PACKAGE), ""), key=lambda found: found[0]):
        digest.update(f"{name}\0".encode() + file.read_bytes() + b"\0")
    return digest.hexdigest()


def load(build: str, package: str, payload: bytes) -> Any:
    """Import the modules of a build, if those of another one are cached, and return the function in `payload`.

    It travels by value and runs on a task manager, so it uses nothing of this module.
    """
    import importlib  # noqa: PLC0415 - see above
    import pickle  # noqa: PLC0415
    import sys  # noqa: PLC0415
    import threading  # noqa: PLC0415

    # The interpreter outlives every build, and all operators of the task manager come here at once.
    lock = sys.__dict__.setdefault(f"_{package}_lock", threading.RLock())
    with lock:
        if sys.__dict__.get(f"_{package}_build") != build:
            for name in [name for name in sys.modules if name == package or name.startswith(f"{package}.")]:
                del sys.modules[name]
            importlib.invalidate_caches()
            sys.__dict__[f"_{package}_build"] = build
        make, arguments = pickle.loads(payload)  # noqa: S301 - it comes from the job itself
        return make(*arguments)


class Portable:
    """A function of the job. `arguments` are those of its constructor."""

    def __init__(self, *arguments: Any) -> None:
        self._arguments = arguments

    def __reduce__(self) -> Any:
        """Return how a task manager builds it: see the head of this module."""
        payload = pickle.dumps((type(self), self._arguments))
        return load, (build_of(), PACKAGE, payload)


# Functions of this module are pickled by value, so that a task manager needs no module to read them.
cloudpickle.register_pickle_by_value(sys.modules[__name__])
