"""A program that shows stages as its input says, a line an event: `start STAGE`, `work STAGE TEXT`, `end STAGE`."""

from __future__ import annotations

import sys

from streamproof.cli.output import progress_console
from streamproof.model.results import StageResult, Status
from streamproof.report.terminal.progress import ProgressTable

with ProgressTable(progress_console(), tuple(sys.argv[1:])) as progress:
    for line in sys.stdin:
        what, stage, *text = line.split(maxsplit=2)
        if what == "start":
            progress.on_event(stage, None)
        elif what == "work":
            progress.on_work(stage, "".join(text).strip())
        elif what == "end":
            progress.on_event(stage, StageResult(stage, Status.PASSED, "", "", 1.25))
        else:
            break
