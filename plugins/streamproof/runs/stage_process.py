"""A stage in a process of its own: it gets ready while other stages run, and then nobody waits for its interpreter."""

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
    """The process of one stage of a run. It never outlives the thread that made it."""

    def __init__(self, ctx: RunContext, stage: Stage) -> None:
        """Start the process, which waits for its input. What it prints goes to the stage's log."""
        self._ctx, self.stage = ctx, stage.name
        log = ctx.folder.stages / f"{stage.name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            # In a session of its own: Ctrl-C is for the run, which then ends this process.
            self._process = subprocess.Popen(
                dying_with_us(python_module(stage.process, stage.name)),
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def run(self) -> StageResult:
        """Run the stage and return its result; when the process ends before that, the stage errored."""
        connections = self._ctx.outside() if self._ctx.plan.needs_connections else None
        # By a pipe: connections hold secrets, and the run's folder holds none.
        self._process.communicate(pickle.dumps((self._ctx.folder.root, connections)))
        result = self._ctx.folder.read_stage(self.stage) if self._process.returncode == 0 else None
        return result or execute(self._ctx, self.stage, self._lost)

    def _lost(self, _: RunContext) -> NoReturn:
        raise StackError(
            f"The process of stage {self.stage} ended before its work was done, code {self._process.returncode}.",
            hint=f"Its last lines are in stages/{self.stage}.log. Code -9: was memory short?",
        )

    def close(self) -> None:
        """End the process, whatever it is doing. One that has ended stays so."""
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
