"""The process of the ClickHouse server: `python -m streamproof.services.clickhouse_child RUN_DIR DATA_DIR`.

RUN_DIR holds config.xml and users.xml. The process writes `READY` to standard output, and ends on SIGTERM or when
standard input closes.

The wheel `chdb-core` contains the whole engine. Its `_chdb.query` is the main function of clickhouse-local, which
supports `SYSTEM START LISTEN`. One call starts the HTTP and TCP servers, and then reads a named pipe to which nothing
is written, so it serves until the pipe is closed. This entry point is private, so chdb-core is pinned exactly.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

_RTLD_DEEPBIND = 0x8
SERVE_SQL = (
    "SYSTEM START LISTEN HTTP; SYSTEM START LISTEN TCP; "
    "SELECT count() FROM file('HOLD', 'LineAsString', 'line String') "
    "SETTINGS max_execution_time = 0, max_threads = 1, log_queries = 0 FORMAT Null"
)
_LISTENING, _ENGINE_ENDED, _PARENT_GONE = b"L", b"E", b"P"


def load_engine() -> ModuleType:
    """Load chdb's extension module without its package, which would first start and stop an in-memory engine.

    Raises ImportError when chdb-core is not installed.
    """
    spec = importlib.util.find_spec("chdb")
    roots = spec.submodule_search_locations if spec else None
    library = next((Path(root) / "_chdb.abi3.so" for root in roots or ()), None)
    if library is None or not library.exists():
        raise ImportError("chdb-core is not installed: there is no chdb/_chdb.abi3.so")
    before = Path.cwd()
    # The library opens a second library by a relative path.
    os.chdir(library.parent)
    try:
        ctypes.CDLL(str(library), mode=sys.getdlopenflags() | _RTLD_DEEPBIND)
        module_spec = importlib.util.spec_from_file_location("_chdb", library)
        if module_spec is None or module_spec.loader is None:
            raise ImportError(f"{library} cannot be imported")
        module = importlib.util.module_from_spec(module_spec)
        module_spec.loader.exec_module(module)
    finally:
        os.chdir(before)
    return module


class Engine:
    """The engine and its listeners. One pipe receives its events: listening, engine ended, parent gone, or a signal."""

    def __init__(self, run_dir: Path, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.hold = run_dir / "hold.fifo"
        self.hold.unlink(missing_ok=True)
        os.mkfifo(self.hold, 0o600)
        self.error: str | None = None
        self._holding: int | None = None
        self._event_reader, self._event_writer = os.pipe()
        os.set_blocking(self._event_writer, False)
        self.module = load_engine()
        self.module.set_signal_handlers_enabled(0)

    def _thread(self, work: Callable[[], None]) -> None:
        threading.Thread(target=work, name=work.__name__, daemon=True).start()

    def _serve(self) -> None:
        path = str(self.hold).replace("\\", "\\\\").replace("'", "\\'")
        sql = SERVE_SQL.replace("HOLD", path)
        try:
            result = self.module.query(sql, "TSV", path=str(self.data_dir))
            self.error = result.error_message() if result is not None and result.has_error() else None
        except Exception as error:  # noqa: BLE001 - the engine raises whatever it likes; it is reported below
            self.error = str(error)
        os.write(self._event_writer, _ENGINE_ENDED)

    def _wait_for_reader(self) -> None:
        # Opening for writing blocks until the engine opens the pipe for reading. It does so after it started listening.
        self._holding = os.open(self.hold, os.O_WRONLY)
        os.write(self._event_writer, _LISTENING)

    def run(self, lifeline: int, report_ready: Callable[[], None]) -> int:
        """Serve until asked to stop; return the exit code. `lifeline` is a descriptor that closes with the parent."""

        def wait_for_parent() -> None:
            while os.read(lifeline, 4096):
                pass
            os.write(self._event_writer, _PARENT_GONE)

        signal.set_wakeup_fd(self._event_writer)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda _number, _frame: None)
        for work in (self._serve, self._wait_for_reader, wait_for_parent):
            self._thread(work)
        while (event := os.read(self._event_reader, 1)) == _LISTENING:
            report_ready()
        if event != _ENGINE_ENDED and self._holding is not None:
            os.close(self._holding)
            # The engine reads the end of the pipe, and then closes its tables.
            while os.read(self._event_reader, 1) != _ENGINE_ENDED:
                pass
        if self.error:
            sys.stderr.write(f"The engine stopped: {self.error}\n")
        return 1 if self.error or self._holding is None else 0


def main() -> None:
    """Run the engine in this process."""
    run_dir, data_dir = Path(sys.argv[1]), Path(sys.argv[2])
    # clickhouse-local reads ./config.xml, prints to standard output, and would read a table from a piped input.
    os.chdir(run_dir)
    lifeline, output = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(2, 1)

    def report_ready() -> None:
        os.write(output, b"READY\n")
        os.close(output)

    code = Engine(run_dir, data_dir).run(lifeline, report_ready)
    sys.stderr.flush()
    # A normal shutdown of the interpreter would race with threads that the engine left running.
    os._exit(code)


if __name__ == "__main__":
    main()
