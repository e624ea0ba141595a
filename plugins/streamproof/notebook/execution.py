"""Execute the notebook from clean, with parameters, and write it with its outputs, as a notebook and as a page."""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from streamproof.model.errors import StackError
from streamproof.notebook.packages import importable, kernel_environment
from streamproof.notebook.page import notebook_page

NOTEBOOK = Path("notebooks") / "data_trace.ipynb"
# As papermill names them: a cell with the defaults, and one behind it that this execution adds.
PARAMETERS, INJECTED = "parameters", "injected-parameters"
# A live warehouse may take long for a window of days.
CELL_TIMEOUT_SEC = 600
_KERNEL = "streamproof"


@dataclass(frozen=True, slots=True)
class Executed:
    """The files of an executed notebook. `failed_cell` describes the cell that failed, '' when none did."""

    notebook: Path
    page: Path
    cells: int
    failed_cell: str = ""
    error: str = ""


def execute(
    source: Path, parameters: Mapping[str, Any], folder: Path, packages: Path | None, variables: Mapping[str, str]
) -> Executed:
    """Execute the notebook `source` in a new kernel; write `notebook.ipynb` and `notebook.html` to `folder`.

    `packages` is the folder of the notebook's packages, and `variables` are the environment variables of this process,
    which the kernel gets. Both files are also written when a cell fails. Raises StackError when there is no such
    notebook, or no kernel starts.
    """
    with importable(packages), tempfile.TemporaryDirectory(prefix="sp-notebook-") as private:
        import nbformat  # noqa: PLC0415 - installed at the first use

        try:
            book = nbformat.read(source, as_version=4)
        except (OSError, nbformat.reader.NotJSONError) as problem:
            raise StackError(f"{source} cannot be read: {problem}.", hint="Take it from the repository.") from None
        _set_parameters(book, parameters)
        failed_cell, error = _run(book, kernel_environment(packages, Path(private), variables), Path(private))
        files = folder / "notebook.ipynb", folder / "notebook.html"
        _write(files[0], nbformat.writes(book))
        _write(files[1], notebook_page(book))
    return Executed(
        *files, cells=sum(cell.cell_type == "code" for cell in book.cells), failed_cell=failed_cell, error=error
    )


def _set_parameters(book: Any, parameters: Mapping[str, Any]) -> None:
    """Put a cell with the parameters behind the one with their defaults. Raises StackError when there is none."""
    from nbformat.v4 import new_code_cell  # noqa: PLC0415 - installed at the first use

    tagged = [number for number, cell in enumerate(book.cells) if PARAMETERS in cell.metadata.get("tags", ())]
    if len(tagged) != 1:
        raise StackError(
            f"The notebook has {len(tagged)} cells with tag '{PARAMETERS}', not one.",
            hint="Take notebooks/data_trace.ipynb from the repository.",
        )
    text = "\n".join(f"{name} = {value!r}" for name, value in parameters.items())
    book.cells.insert(tagged[0] + 1, new_code_cell(text, id=INJECTED, metadata={"tags": [INJECTED]}))


def _run(book: Any, variables: Mapping[str, str], private: Path) -> tuple[str, str]:
    """Execute all cells. Return the cell that failed and its error, two blanks when none did."""
    from jupyter_client.kernelspec import KernelSpecManager  # noqa: PLC0415 - installed at the first use
    from jupyter_client.manager import AsyncKernelManager  # noqa: PLC0415
    from nbclient import NotebookClient  # noqa: PLC0415
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError  # noqa: PLC0415

    spec = private / "kernels" / _KERNEL
    spec.mkdir(parents=True)
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (spec / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": _KERNEL, "language": "python"}))
    specs = KernelSpecManager(kernel_dirs=[str(spec.parent)], ensure_native_kernel=False)
    manager = AsyncKernelManager(
        kernel_name=_KERNEL,
        kernel_spec_manager=specs,
        connection_file=str(private / "connection.json"),
        # Sockets in a folder of ours, which no other user can open. Their paths must be short.
        transport="ipc",
        ip=str(private / "k"),
    )
    client = NotebookClient(
        book,
        km=manager,
        timeout=CELL_TIMEOUT_SEC,
        record_timing=False,
        # Relative paths in environment variables mean the same in the kernel.
        resources={"metadata": {"path": str(Path.cwd())}},
    )
    try:
        _in_a_thread(client, manager, dict(variables))
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as problem:
        return _failed_cell(book), _reason(book, problem)
    except RuntimeError as problem:
        raise StackError(
            f"The notebook's kernel does not start: {problem}.", hint="`streamproof notebook` again; else report it."
        ) from None
    return "", ""


def _in_a_thread(client: Any, manager: Any, environment: dict[str, str]) -> None:
    """Execute beside the main thread, which gets Ctrl-C: there, nbclient would report it as a kernel that died."""
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="notebook") as pool:
        running = pool.submit(client.execute, env=environment, cleanup_kc=True)
        try:
            running.result()
        except KeyboardInterrupt:
            if manager.provisioner is not None and manager.provisioner.pid:
                os.kill(manager.provisioner.pid, signal.SIGKILL)
            raise


def _failed_cell(book: Any) -> str:
    """Return the last cell that was started: its number among the code cells, and its first line."""
    code = [cell for cell in book.cells if cell.cell_type == "code"]
    number = max((at for at, cell in enumerate(code, start=1) if cell.execution_count), default=1)
    failing = [at for at, cell in enumerate(code, start=1) if _errors(cell)]
    chosen = failing[0] if failing else number
    return f"code cell {chosen} ({code[chosen - 1].source.strip().splitlines()[0]})"


def _errors(cell: Any) -> list[Any]:
    return [output for output in cell.outputs if output.output_type == "error"]


def _reason(book: Any, problem: Exception) -> str:
    """Return the error of the cell on one line; for a kernel that died or a time-out, that of the execution."""
    for cell in book.cells:
        if cell.cell_type == "code" and (errors := _errors(cell)):
            return f"{errors[0].ename}: {errors[0].evalue}"
    return " ".join(str(problem).split())[:300] or type(problem).__name__


def _write(path: Path, text: str) -> None:
    """Write a file so that it is either the old or the new one."""
    made = path.with_name(f".{path.name}.making")
    made.write_text(text, encoding="utf-8")
    made.replace(path)
