"""The process of one stage: `python -m streamproof.stages.stage_child contracts`.

The parent sends the run by standard input when the stage is to start. The process writes the result to the run's folder
and exits with code 0, also when the stage failed.
"""

from __future__ import annotations

import pickle
import sys

from streamproof.runs.context import RunContext
from streamproof.runs.runner import run_stage
from streamproof.runtime.process import lower_priority
from streamproof.stages.registry import STAGES


def main() -> None:
    """Prepare, then run the stage of the run that arrives by the pipe. With an empty pipe the stage does not run."""
    # Other stages run at the same time and measure the duration of each check, so this process lowers its priority.
    lower_priority()
    stage = STAGES[sys.argv[1]]
    if stage.get_ready:
        stage.get_ready()
    message = sys.stdin.buffer.read()
    if message:
        folder, connections = pickle.loads(message)  # noqa: S301 - from the run that started us
        ctx = RunContext.open(folder)
        run_stage(ctx.connected(lambda: connections) if connections else ctx, stage)


if __name__ == "__main__":
    main()
