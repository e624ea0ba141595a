"""The process of one stage: `python -m streamproof.stages.stage_child contracts`, told by its standard input to run.

It exits with code 0 when the stage has a result, whatever that says; the result is in the run's folder.
"""

from __future__ import annotations

import pickle
import sys

from streamproof.runs.context import RunContext
from streamproof.runs.runner import run_stage
from streamproof.runtime.process import give_way
from streamproof.stages.registry import STAGES


def main() -> None:
    """Get ready, then run the stage in the run that comes by the pipe. A pipe that closes means that nobody asks."""
    # The stages beside which this one runs are timed check by check.
    give_way()
    stage = STAGES[sys.argv[1]]
    if stage.get_ready:
        stage.get_ready()
    asked = sys.stdin.buffer.read()
    if asked:
        folder, connections = pickle.loads(asked)  # noqa: S301 - from the run that started us
        ctx = RunContext.open(folder)
        run_stage(ctx.connected(lambda: connections) if connections else ctx, stage)


if __name__ == "__main__":
    main()
