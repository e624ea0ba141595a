"""Set-up of the broker: an archive that the JVM accepts, made once even when two set-ups run at once."""

from __future__ import annotations

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from streamproof.runtime.jars import fetch_jars
from streamproof.services.kafka_setup import KafkaKit, jars_lock, kafka_version, prepare, runtime_of

pytestmark = pytest.mark.engine


@pytest.fixture
def cold_cache(tmp_path: Path, cache_dir: Path, home: Path) -> Path:
    """A cache that holds the jars, and nothing made from them."""
    (tmp_path / "cold" / "jars").mkdir(parents=True)
    for jar in fetch_jars(jars_lock(home), cache_dir):
        os.link(jar, tmp_path / "cold" / "jars" / jar.name)
    return tmp_path / "cold"


def test_two_set_ups_at_once_make_one_archive_that_the_jvm_accepts(cold_cache: Path, home: Path) -> None:
    told: list[tuple[int, int, str]] = []
    with ThreadPoolExecutor(2) as pool:
        runtimes = list(pool.map(lambda _: prepare(cold_cache, home, None, lambda *what: told.append(what)), range(2)))
    assert runtimes[0] == runtimes[1]
    kit = KafkaKit.of(replace(runtimes[0], archive=None), cold_cache)
    assert kit.complete
    assert runtimes[0].archive == kit.archive
    assert [path.name for path in (cold_cache / "kafka").iterdir() if path.name != ".lock"] == [kit.folder.name]
    # With -Xshare:on the JVM ends with an error instead of going on without an archive that does not fit.
    command = runtimes[0].command("-version", options=["-Xshare:on"])
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0

    told.clear()
    assert prepare(cold_cache, home, None, lambda *what: told.append(what)) == runtimes[0]
    assert told == [(len(runtimes[0].jars), len(runtimes[0].jars), "")]


def test_without_an_archive_the_broker_still_has_its_runtime(cold_cache: Path, home: Path) -> None:
    runtime = runtime_of(cold_cache, home, None)
    assert runtime.archive is None
    assert any(kafka_version(home) in jar.name for jar in runtime.jars)
