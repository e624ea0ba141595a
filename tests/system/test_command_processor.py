"""Programs of other people as the processor of a run: with planted bugs, and with what can go wrong in a start.

All runs share one Kafka and one ClickHouse; only the processor is started for each.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from streamproof.runtime.jars import fetch_jars
from streamproof.runtime.java import find_java
from streamproof.runtime.stack import StackSpec, own_identity, start_stack, stop_stack
from tests.system.conftest import Cli, Ended

pytestmark = pytest.mark.system

ORDERS = Path(__file__).resolve().parents[1] / "packs" / "orders"


@pytest.fixture(scope="module")
def services(home, cache_dir, tmp_path_factory) -> Iterator[dict[str, str]]:
    """A broker and a ClickHouse; the value is the environment that names them."""
    folder = tmp_path_factory.mktemp("shared")
    spec = StackSpec("shared", str(folder), str(cache_dir), str(home), owner=own_identity())
    state = start_stack(spec, timeout=90)
    try:
        yield {
            "KAFKA_BOOTSTRAP": state.bootstrap_servers,
            "CH_HOST": state.clickhouse_host,
            "CH_PORT": str(state.clickhouse_port),
            "CH_USER": state.clickhouse_user,
        }
    finally:
        stop_stack(folder, timeout=30)


@pytest.fixture
def run(cli: Cli, services: dict[str, str], tmp_path: Path) -> Callable[..., Ended]:
    """Return a function that runs the pack with a planted bug and changed keys of its processor."""

    def run_it(
        bug: str = "none", *, processor_name: str = "python", rejects_path: str = "order.order_id", **changes: Any
    ) -> Ended:
        pack = tmp_path / "orders"
        shutil.copytree(ORDERS, pack, dirs_exist_ok=True)
        described = yaml.safe_load((pack / "pack.yaml").read_text())
        processor = described["processors"]["python"]
        processor["files"]["shop.ini"] = processor["files"]["shop.ini"].replace("kind = none", f"kind = {bug}")
        processor.update(changes)
        described["accounting"]["ids"]["reject_topics"][0]["path"] = rejects_path
        (pack / "pack.yaml").write_text(yaml.safe_dump(described))
        return cli.run("--pack", str(pack), "--stack", "external", "--processor", processor_name, **services)

    return run_it


def test_a_sound_program_passes_and_its_files_are_gone(run, cli):
    ended = run()
    assert ended.code == 0, ended.stderr
    summary = ended.json
    assert summary["rungs"] == ["judged", "drained", "raw_complete", "ids_accounted"]
    assert list(summary["rungs_missing"]) == ["records_accounted", "foretold"]
    assert not list(cli.folder(summary).rglob("shop.ini"))


@pytest.mark.parametrize(
    ("bug", "check", "failed_rows", "columns"),
    [
        ("drops", "no_id_is_missing", 3, None),
        ("doubles", "no_id_is_duplicated", 3, None),
        ("swaps", "orders_say_what_was_sent", 315, ["customer", "seller"]),
        ("rounds", "orders_say_what_was_sent", 315, ["amount"]),
        ("shifts", "orders_say_what_was_sent", 315, ["ordered_at"]),
        # How many rows it keeps depends on how the records fall into batches.
        ("commits first", "no_id_is_missing", None, None),
    ],
)
def test_a_planted_bug_is_named_by_its_check_and_layer(run, bug, check, failed_rows, columns):
    ended = run(bug)
    assert ended.code == 1, ended.stderr
    assert [failure["name"] for failure in ended.json["failures"]] == [check]
    failure = ended.json["failures"][0]
    assert failure["failed_rows"] == (failed_rows or failure["failed_rows"])
    assert failure["diagnostics"].get("columns_that_differ") == columns
    # Samples are the ids of orders that were sent.
    assert len(failure["diagnostics"]["ids"]) == min(failure["failed_rows"], 20)
    assert all(1000 <= int(number) < 1320 for number in failure["diagnostics"]["ids"])
    assert ended.json["first_broken_layer"] == "typed"
    assert ("judged" if columns else "ids_accounted") not in ended.json["rungs"]


def refused(ended: Ended, message: str, hint: str) -> None:
    """Require one clear message, a hint, and the exit code of a run that could not be judged."""
    assert ended.code == 3, ended.stderr
    summary = ended.json
    assert summary["verdict"] == "error"
    assert message in summary["error"]
    assert hint in summary["hint"]


def test_a_program_that_dies_half_way_is_told_with_the_end_of_its_log(run):
    refused(run("dies"), "Service processor ended with code 1 during the run.", "out of paper")


BATCH = ["{python}", "{pack}/pipelines/consumer.py", "--config", "{files}/shop.ini", "--batch"]


def test_a_program_that_ends_by_itself_belongs_to_the_drain(run):
    ended = run(argv=BATCH, ends=True)
    assert ended.code == 0, ended.stderr


def test_the_end_of_a_program_that_must_not_end_is_an_error(run):
    refused(run(argv=BATCH), "Service processor ended with code 0 during the run.", "reading orders")


def test_a_program_that_ends_before_there_is_anything_to_read(run):
    refused(
        run(argv=["true"], ends=True, ready=None), "ended with code 0 before anything was published", "wait for records"
    )


def test_a_program_that_does_not_exist(run):
    refused(run(argv=["no-such-program"]), "there is no program no-such-program", "`argv` of the processor")


def test_a_program_that_ends_at_once(run):
    ended = run(argv=["sh", "-c", "echo no licence; exit 4"])
    refused(ended, "Service processor ended with code 4 during the run.", "no licence")


def test_a_program_that_never_gets_ready(run):
    changes = {"argv": ["sh", "-c", "echo hello; sleep 600"], "ready": {"log": "^never$", "timeout_sec": 3}}
    refused(run(**changes), "a line of the processor's log that matches ^never$", "hello")


def test_a_program_that_ignores_its_signal_is_killed_with_what_it_started(run):
    program = "{python} {pack}/pipelines/consumer.py --config {files}/shop.ini"
    command = f"trap 'echo not now' INT; sleep 617 & {program} & wait; wait"
    ended = run(argv=["sh", "-c", command], stop={"signal": "SIGINT", "grace_sec": 1})
    refused(ended, "did not end within 1 s of SIGINT and was killed", "not now")
    assert ended.json["checks"]["failed"] == 0


@pytest.fixture(scope="module")
def classes(cache_dir, tmp_path_factory) -> Path:
    """The folder with the compiled Java programs. Eclipse's compiler needs no JDK."""
    (compiler,) = fetch_jars(ORDERS / "compiler.lock", cache_dir)
    folder = tmp_path_factory.mktemp("classes")
    libraries = ":".join(map(str, fetch_jars(ORDERS / "connect.lock", cache_dir)))
    command = [str(find_java(None)), "-jar", str(compiler), "-17", "-nowarn", "-cp", libraries, "-d", str(folder)]
    subprocess.run([*command, *map(str, (ORDERS / "pipelines").glob("*.java"))], check=True)
    return folder


@pytest.mark.parametrize(
    ("processor", "rejects_path"),
    [("java", "order.order_id"), ("connect", "order_id")],
    ids=["a plain Java program", "Kafka Connect"],
)
def test_programs_on_the_packaged_jre(run, classes, tmp_path, processor, rejects_path):
    shutil.copytree(classes, tmp_path / "orders" / "classes")
    ended = run(processor_name=processor, rejects_path=rejects_path)
    assert ended.code == 0, ended.stderr
    assert ended.json["stack"]["processor"] == processor
    assert ended.json["rungs"] == ["judged", "drained", "raw_complete", "ids_accounted"]
