"""`streamproof setup`: fetch and prepare what the broker needs, and on request Flink and packages, once per machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from streamproof.cli.environment import read_environment
from streamproof.cli.options import Json
from streamproof.cli.output import emit_json, progress_console, result_console

if TYPE_CHECKING:
    from streamproof.runtime.jars import Progress


def setup(
    lock: Annotated[
        bool, typer.Option("--lock", help="Renew the hashes of jars in include/stack instead (for `make lock`).")
    ] = False,
    flink: Annotated[
        bool, typer.Option("--flink", help="Install Flink too (850 MB); else the first stack with Flink does.")
    ] = False,
    pack: Annotated[
        str | None,
        typer.Option("--pack", help="Install what this pack needs, too; else its first run does.", metavar="NAME|DIR"),
    ] = None,
    json: Json = False,
) -> None:
    """Fetch the JVM jars into the cache and prepare the broker; quick when it is already done."""
    from streamproof.packs.requirements import packages_folder
    from streamproof.runtime.flink_home import flink_jars_lock, install_flink
    from streamproof.runtime.jars import write_lock
    from streamproof.runtime.pack_packages import PackPackages
    from streamproof.services.kafka_setup import jars_lock, prepare

    environment = read_environment()
    with progress_bar() as progress:
        if lock:
            locks = [jars_lock(environment.home), flink_jars_lock(environment.home)]
            count = sum(len(write_lock(file, progress)) for file in locks)
            facts: dict[str, object] = {"lock": ", ".join(map(str, locks)), "jars": count}
        else:
            runtime = prepare(environment.cache_dir, environment.home, environment.java, progress)
            facts = {
                "jars": len(runtime.jars),
                "java": str(runtime.program),
                "java_version": runtime.version,
                "archive": str(runtime.archive),
                "cache": str(environment.cache_dir),
            }
            if flink:
                facts["flink"] = str(install_flink(environment.home, environment.cache_dir, progress).root)
            if pack:
                packages = PackPackages(environment.cache_dir, progress).folder
                found = packages_folder(replace(environment.packs, packages=packages).load(pack))
                facts["packages"] = str(found) if found else None
    if json:
        emit_json(facts)
        return
    where = f"written to {facts['lock']}" if lock else f"in {environment.cache_dir}, Java {facts['java_version']}"
    result_console(json=json).print(f"Ready: {facts['jars']} jars {where}", markup=False)


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """Return a function that shows (done, total, name) as a bar on stderr, or as lines if that is not a terminal."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

    console = progress_console()
    columns = (TextColumn("{task.fields[phase]}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[name]}"))
    with Progress(*columns, console=console, transient=True, disable=not console.is_interactive) as bar:
        tasks: dict[int, TaskID] = {}

        def show_progress(done: int, total: int, name: str) -> None:
            phase = "Fetching jars" if total > 1 else "Preparing"
            if total not in tasks:
                tasks[total] = bar.add_task(phase, total=total, phase=phase, name="")
                if not console.is_interactive and done < total:
                    console.print(f"{phase}: {name or total}", markup=False)
            bar.update(tasks[total], completed=done, name=name)

        yield show_progress
