"""A page of the documentation as something to follow: its commands in one shell, and the outputs that it shows."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

# What an output leaves out, within a line or as a line of its own.
LEFT_OUT = "…"
_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_END_OF_STEP = "--- end of step"


@dataclass(frozen=True)
class Step:
    """A block of commands, and the lines that the page shows of their output."""

    commands: str
    shown: tuple[str, ...]


def steps_of(page: str) -> tuple[Step, ...]:
    """Return the steps of a page: each block `sh`, with the block `text` behind it if there is one.

    Raises ValueError for a block of another language, and for an output without commands: nothing would run it.
    """
    steps: list[Step] = []
    before = ""
    for language, text in _FENCE.findall(page):
        if language == "sh":
            steps.append(Step(text, ()))
        elif language == "text" and before == "sh":
            steps[-1] = Step(steps[-1].commands, tuple(text.splitlines()))
        else:
            raise ValueError(f"no step: ```{language}\n{text}```")
        before = language
    return tuple(steps)


def follow(steps: tuple[Step, ...], folder: Path, environment: dict[str, str], timeout_sec: float) -> tuple[str, ...]:
    """Run the commands in one shell that stops at the first that fails; return the output of each step that ended."""
    marked = "\n".join(f"{step.commands}\nprintf '\\n{_END_OF_STEP}\\n'" for step in steps)
    ended = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", marked],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout_sec,
        check=False,
    )
    outputs = ended.stdout.split(f"\n{_END_OF_STEP}\n")
    assert ended.returncode == 0, f"step {len(outputs)} ended with {ended.returncode}:\n{outputs[-1]}"
    return tuple(outputs[:-1])


def first_missing(shown: tuple[str, ...], output: str) -> str | None:
    """Return the first line shown that the output does not have behind the one before it, None when all are there.

    Of two lines that are shown without a line left out between them, the second must be the next line of the output.
    """
    lines, at, anywhere = output.splitlines(), 0, True
    for line in shown:
        if line == LEFT_OUT:
            anywhere = True
            continue
        pattern = re.compile(".*?".join(map(re.escape, line.split(LEFT_OUT))))
        reach = lines[at:] if anywhere else lines[at : at + 1]
        found = next((n for n, real in enumerate(reach) if pattern.fullmatch(real.rstrip())), None)
        if found is None:
            return line
        at, anywhere = at + found + 1, False
    return None
