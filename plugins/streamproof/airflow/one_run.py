"""Run the DAG `streamproof_run` once, in this process: `python -m streamproof.airflow.one_run` (what `make run` does).

Exit codes are those of the CLI: 0 passed, 1 a check failed, 2 bad arguments, 3 the run could not be judged.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import orjson
from rich.console import Console
from rich.markup import escape

from streamproof.airflow.private_home import PrivateHome
from streamproof.airflow.settings import folders_of, read_settings
from streamproof.model.errors import EXIT_NOT_JUDGED, EXIT_USAGE
from streamproof.model.plan import KAFKA_KINDS, RUN_MODES
from streamproof.model.results import Verdict
from streamproof.model.verdict import EXIT_CODES
from streamproof.report.terminal.progress import ProgressTable
from streamproof.report.terminal.verdict import show_verdict
from streamproof.stages.registry import STAGES

DAG_ID = "streamproof_run"
INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the DAG and return the exit code."""
    conf = _parser().parse_args(arguments)
    home = PrivateHome.create(read_settings().home)
    os.environ.update(home.environment())
    # Characters that the console cannot show become escapes, because an encoding error must not end the run.
    out = os.fdopen(os.dup(1), "w", encoding=sys.stdout.encoding, errors="backslashreplace")
    console = Console(file=out, highlight=False, soft_wrap=True)
    _end_when_interrupted(console, home)
    try:
        with _output_to(home.log):
            dag_run_id, problem = _run_dag(home, console, vars(conf))
    except Exception as error:  # noqa: BLE001 - whatever breaks in Airflow: one message, and its output is kept
        kept = home.root.with_name("broken.log")
        said = home.log.read_text(encoding="utf-8", errors="replace")
        kept.write_text(f"{said}\n{traceback.format_exc()}", encoding="utf-8", errors="backslashreplace")
        console.print(f"[bold red]error[/] Airflow broke: {type(error).__name__}: {error}. Its output is {kept}.")
        return EXIT_NOT_JUDGED
    else:
        return _show_result(console, home, dag_run_id, problem)
    finally:
        home.remove()


def _end_when_interrupted(console: Console, home: PrivateHome) -> None:
    """End this process at once on Ctrl-C or SIGTERM. Airflow would take the interrupt for a failed task and go on.

    This process owns the run's stack, which therefore ends too.
    """

    def end(_number: int, _frame: FrameType | None) -> None:
        console.show_cursor()
        console.print("\nInterrupted. The run's services end with this process; there is no verdict.")
        home.remove()
        os._exit(INTERRUPTED)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m streamproof.airflow.one_run", description=__doc__)
    parser.add_argument("--pack", default=read_settings().packs.default_name, help="a pack by name, or its folder")
    parser.add_argument("--mode", choices=RUN_MODES, default="full")
    parser.add_argument("--kafka", choices=KAFKA_KINDS, default="broker")
    parser.add_argument("--manifest", help="a fixture set of the pack (golden, hostile) or the path of a manifest")
    parser.add_argument("--suites", action="append", default=[], metavar="SUITE")
    parser.add_argument("--inject", metavar="FILE.sql", help="SQL to run before the checks: how to see a run fail")
    parser.add_argument("--speed", default="max", help="max, or times faster than the events happened: 1x, 60x")
    parser.add_argument("--shift-to", metavar="now|TIME", help="move all times: the last event is then")
    parser.add_argument("--events", type=int, metavar="N", help="replay only the first N events, by time")
    parser.add_argument("--keep-stack", action="store_true")
    parser.add_argument("--tolerate-bad-lines", action="store_true")
    return parser


@contextmanager
def _output_to(log: Path) -> Iterator[None]:
    """Redirect all output of this process to a file, because Airflow logs to standard output, also from native code."""
    kept = os.dup(1), os.dup(2)
    with log.open("ab") as file:
        sys.stdout.flush()
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for saved, stream in zip(kept, (1, 2), strict=True):
            os.dup2(saved, stream)
            os.close(saved)


def _run_dag(home: PrivateHome, console: Console, conf: dict[str, Any]) -> tuple[str | None, str | None]:
    """Run the DAG; return the DAG run's id, and the reason why the run could not be planned (None if it could)."""
    first = not home.template.exists()
    console.print(f"[dim]Starting Airflow{' (its database is made once)' if first else ''} …[/]")
    from airflow.dag_processing.dagbag import DagBag
    from airflow.sdk.listener import get_listener_manager

    from streamproof.airflow.task_graph import shown_stages
    from streamproof.airflow.watcher import RunWatcher

    home.migrate()
    file = home.project / "dags" / f"{DAG_ID}.py"
    bag = DagBag(str(file))
    if bag.import_errors:
        return None, f"{file} does not load: {next(iter(bag.import_errors.values()))}"
    with ProgressTable(console, shown_stages([conf["mode"]], ())) as progress:
        watcher = RunWatcher(progress, on_stack_up=_get_ready)
        get_listener_manager().add_listener(watcher)
        # Paths given on the command line are relative to the caller's folder, as usual.
        dag_run = bag.dags[DAG_ID].test(run_conf=_with_absolute_paths(conf))
    return str(dag_run.run_id), watcher.plan_error


def _get_ready() -> None:
    """Prepare stages while the services start, with imports that take seconds for example."""
    for stage in STAGES:
        if stage.get_ready:
            threading.Thread(target=stage.get_ready, name=f"get {stage.name} ready", daemon=True).start()


def _with_absolute_paths(conf: dict[str, Any]) -> dict[str, Any]:
    inject, manifest, pack = conf["inject"], conf["manifest"], conf["pack"]
    return {
        **conf,
        "pack": str(Path(pack).expanduser().resolve()) if os.sep in pack else pack,
        "inject": str(Path(inject).expanduser().resolve()) if inject else None,
        "manifest": str(Path(manifest).expanduser().resolve()) if manifest and Path(manifest).exists() else manifest,
    }


def _show_result(console: Console, home: PrivateHome, dag_run_id: str | None, problem: str | None) -> int:
    """Show the verdict and the path of the report; return the exit code."""
    folders = folders_of(read_settings().artifacts, DAG_ID, dag_run_id) if dag_run_id else []
    if problem is not None or not folders:
        console.print(f"[bold red]error[/] {escape(problem or 'The run was not planned.')}")
        return EXIT_USAGE if dag_run_id else EXIT_NOT_JUDGED
    folder = folders[-1]
    shutil.copyfile(home.log, folder / "airflow.log")
    if not (folder / "summary.json").exists():
        console.print(f"[bold red]error[/] No verdict was published. See {folder}/airflow.log.")
        return EXIT_NOT_JUDGED
    summary = orjson.loads((folder / "summary.json").read_bytes())
    for notice in summary.get("notices", ()):
        console.print(f"[bold yellow]Notice[/] {escape(notice)}")
    show_verdict(console, summary)
    return EXIT_CODES[Verdict(summary["verdict"])]


if __name__ == "__main__":
    # Airflow leaves threads of its in-process API running, which a normal exit would wait for.
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
