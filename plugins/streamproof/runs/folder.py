"""The artifact folder of one run: the only place where stages leave files for each other and for people."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import orjson

from streamproof.model.errors import StackError, UsageError
from streamproof.model.formats.json_data import from_json
from streamproof.model.plan import RunPlan
from streamproof.model.results import StageResult
from streamproof.model.stack import StackState
from streamproof.runtime.files import write_json
from streamproof.runtime.stack_spec import SOURCE

_SHOWN = 5
T = TypeVar("T")


class BrokenFileError(StackError, ValueError):
    """A file of a run's folder that is torn, or is not what it should be."""

    def __init__(self, path: Path, why: object) -> None:
        super().__init__(f"{path} cannot be read: {why}.", hint="Restore the file, or make the run again.")


def read_json(path: Path) -> Any:
    """Read a JSON file. Raises BrokenFileError, and OSError."""
    try:
        return orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError as problem:
        raise BrokenFileError(path, problem) from None


def read_object(path: Path, *needed: str) -> dict[str, Any]:
    """Read a JSON file that holds an object with these keys. Raises BrokenFileError, and OSError."""
    found = read_json(path)
    if not isinstance(found, dict):
        raise BrokenFileError(path, "it holds no object")
    if lacks := [key for key in needed if key not in found]:
        raise BrokenFileError(path, f"it has no {', '.join(lacks)}")
    return found


def read_objects(path: Path) -> list[dict[str, Any]]:
    """Read a JSON file that holds a list of objects. Raises BrokenFileError, and OSError."""
    found = read_json(path)
    if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
        raise BrokenFileError(path, "it holds no list of objects")
    return found


def _read_as(kind: type[T], path: Path) -> T:
    """Read a JSON file as a dataclass. Raises BrokenFileError, and OSError."""
    data = read_json(path)
    try:
        return from_json(kind, data)
    except ValueError as problem:
        raise BrokenFileError(path, problem) from None


@dataclass(frozen=True, slots=True)
class RunFolder:
    """Paths below `artifacts/test-runs/<run_id>/`, with readers and writers for plan, stage results and stack state."""

    root: Path

    @property
    def log(self) -> Path:
        """Return the path of the run's log."""
        return self.root / "harness.log"

    @property
    def summary(self) -> Path:
        """Return the path of the machine-readable summary."""
        return self.root / "summary.json"

    @property
    def stages(self) -> Path:
        """Return the folder of stage logs and results."""
        return self.root / "stages"

    @property
    def stack(self) -> Path:
        """Return the folder of the run's services: state file, logs, data."""
        return self.root / "stack"

    @property
    def source(self) -> Path:
        """Return the folder with the certificate and the key of the run's source."""
        return self.stack / "data" / SOURCE

    @property
    def source_files(self) -> Path:
        """Return the folder of the files that the run's source makes for the pipeline. It stays."""
        return self.stack / "source_files"

    @property
    def contracts(self) -> Path:
        """Return the folder of Great Expectations results."""
        return self.root / "contracts"

    @property
    def query_pack(self) -> Path:
        """Return the folder of the rows of the trace queries, as files for programs."""
        return self.root / "query_pack"

    @property
    def content(self) -> Path:
        """Return the folder of the saved content: the rows of the pack's projections."""
        return self.root / "content"

    @property
    def diagnostics(self) -> Path:
        """Return the folder of diagnostics, which only a run that did not pass has."""
        return self.root / "diagnostics"

    def write_plan(self, plan: RunPlan) -> None:
        """Write the plan."""
        write_json(self.root / "plan.json", plan.as_json())

    def read_plan(self) -> RunPlan:
        """Read the plan back."""
        return _read_as(RunPlan, self.root / "plan.json")

    def write_stage(self, result: StageResult) -> None:
        """Write the result of a stage."""
        write_json(self.stages / f"{result.stage}.json", result.as_json())

    def read_stage(self, stage: str) -> StageResult | None:
        """Read the result of a stage, None when it has not ended."""
        path = self.stages / f"{stage}.json"
        return _read_as(StageResult, path) if path.exists() else None

    def read_stack_state(self) -> StackState | None:
        """Read the state of the run's stack, None when there is none."""
        path = self.stack / "state.json"
        return _read_as(StackState, path) if path.exists() else None


def find_run(runs: Path, run_id: str) -> Path:
    """Return the folder of a run by id. `latest` is the run planned last. Raises UsageError when there is none."""
    known = sorted(runs.glob("*/plan.json"), key=lambda path: path.stat().st_mtime, reverse=True)
    wanted = known[0].parent.name if run_id == "latest" and known else run_id
    for plan in known:
        if plan.parent.name == wanted:
            return plan.parent
    newest = ", ".join(path.parent.name for path in known[:_SHOWN])
    raise UsageError(
        f"There is no run '{run_id}' in {runs}.",
        hint=f"The newest: {newest}." if newest else "Make one with `streamproof run`.",
    )
