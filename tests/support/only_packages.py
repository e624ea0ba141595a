"""Run a module as a process does that has only some packages: `only_packages.py LOCK MODULE [ARGUMENT ...]`.

LOCK is a requirements file with pinned versions. Of the installed packages, those that it does not name cannot be
imported.
"""

from __future__ import annotations

import importlib.abc
import re
import runpy
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

OURS = {"streamproof", "packs", "pipelines"}


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


class Without(importlib.abc.MetaPathFinder):
    """Refuses modules by the first part of their name."""

    def __init__(self, modules: set[str]) -> None:
        self._modules = modules

    def find_spec(self, fullname, path=None, target=None):
        if fullname.partition(".")[0] in self._modules:
            raise ModuleNotFoundError(f"No module named '{fullname}'", name=fullname)


def main() -> None:
    lock, module, *arguments = sys.argv[1:]
    pinned = {canonical(name) for name in re.findall(r"^([\w.-]+)==", Path(lock).read_text(encoding="utf-8"), re.M)}
    missing = {
        name for name, found in packages_distributions().items() if not pinned & {canonical(one) for one in found}
    }
    sys.meta_path.insert(0, Without(missing - OURS))
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
