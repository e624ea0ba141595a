"""The peak memory of each process of a run, sampled while it runs."""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

PERIOD_SEC = 0.5


class Peaks:
    """Samples the processes of a run: those that the command starts, and the services that its stack names."""

    def __init__(self, artifacts: Path) -> None:
        """Watch the one run below a folder of runs. The command is found among the children of this process."""
        self._artifacts = artifacts
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._services: dict[int, str] = {}
        self.megabytes: dict[str, int] = {}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(PERIOD_SEC):
            self._find_services()
            found = [(process, "") for process in psutil.Process().children(recursive=True)]
            for pid, name in self._services.items():
                with suppress(psutil.NoSuchProcess):
                    found.append((psutil.Process(pid), name))
            for process, name in found:
                with suppress(psutil.NoSuchProcess, psutil.AccessDenied, OSError, StopIteration):
                    self._sample(process, name)

    def _find_services(self) -> None:
        for file in self._artifacts.glob("*/stack/state.json"):
            with suppress(OSError, ValueError, KeyError):
                state = json.loads(file.read_text(encoding="utf-8"))
                self._services |= {entry["process"]["pid"]: entry["name"] for entry in state["services"]}

    def _sample(self, process: psutil.Process, name: str) -> None:
        status = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
        peak = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
        name = name or _name_of(process.cmdline())
        self.megabytes[name] = max(self.megabytes.get(name, 0), int(peak.split()[1]) // 1024)


def _name_of(command: list[str]) -> str:
    """Return what a process of the run does: a module's name and a stage, or the command itself."""
    if "-m" in command[:4]:
        rest = command[command.index("-m") + 1 :]
        return " ".join([rest[0].removeprefix("streamproof."), *(word for word in rest[1:2] if "/" not in word)])
    return "run" if any(word.endswith("streamproof") for word in command[:2]) else Path(command[0]).name
