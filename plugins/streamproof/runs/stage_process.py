"""A stage in a process of its own. The process starts and does slow imports while other stages run."""

from __future__ import annotations

import pickle
import subprocess
from typing import NoReturn, Self

from streamproof.model.errors import StackError
from streamproof.model.results import StageResult
from streamproof.runs.context import RunContext
from streamproof.runs.execute import execute
from streamproof.runs.stage import Stage
from streamproof.runtime.process import dying_with_us, python_module


class StageProcess:
    """The process of one stage of a run. It ends at the latest with the thread that started it."""

    def __init__(self, ctx: RunContext, stage: Stage) -> None:
        """Start the process, which then waits for its input. Its output goes to the stage's log."""
        self._ctx, self.stage = ctx, stage.name
        self._closed = False
        log = ctx.folder.stages / f"{stage.name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            # In its own session, the process does not get Ctrl-C. The run gets it and ends the process.
            self._process = subprocess.Popen(
                dying_with_us(python_module(stage.process, stage.name)),
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def run(self) -> StageResult:
        """Run the stage and return its result. The stage is errored when the process ends without one.

        Raises StackError, and leaves no result, when `close` ends the process meanwhile: the run was interrupted.
        """
        connections = self._ctx.outside() if self._ctx.plan.needs_connections else None
        # Connections hold secrets, which must not be in the run's folder. So they are sent by the pipe.
        try:
            self._process.communicate(pickle.dumps((self._ctx.folder.root, connections)))
        except ValueError:  # the pipe was closed in between
            if not self._closed:
                raise
        if self._closed:
            raise StackError(f"Stage {self.stage} was ended with its run.", hint="Run it again.")
        result = self._ctx.folder.read_stage(self.stage) if self._process.returncode == 0 else None
        return result or execute(self._ctx, self.stage, self._lost)

    def _lost(self, _: RunContext) -> NoReturn:
        raise StackError(
            f"The process of stage {self.stage} ended before its work was done, code {self._process.returncode}.",
            hint=f"Its last lines are in stages/{self.stage}.log. Code -9: was memory short?",
        )

    def close(self) -> None:
        """Kill the process and release its pipe. It has no effect on a process that has ended."""
        self._closed = True
        self._process.kill()
        self._process.wait()
        if self._process.stdin:
            self._process.stdin.close()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the process."""
        self.close()
