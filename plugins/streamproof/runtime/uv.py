"""Run uv, which installs Python packages with the package index of the environment."""

from __future__ import annotations

import re
import subprocess

from streamproof.model.errors import StackError
from streamproof.runtime.process import dying_with_us

INSTALL_TIMEOUT_SEC = 1800
_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]+@")
_CAUSE = re.compile(r"\s*(error|cause): ")


def run_uv(*arguments: str, what: str, needs: str) -> None:
    """Run uv to install `what`. Raises StackError with its reason; `needs` tells the user what must be there."""
    from uv import find_uv_bin  # noqa: PLC0415 - only needed once per machine

    command = dying_with_us([find_uv_bin(), *arguments, "--quiet"])
    reason = ""
    try:
        ended = subprocess.run(
            command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=INSTALL_TIMEOUT_SEC, check=False
        )
        if ended.returncode != 0:
            reason = _reason(ended.stderr) or f"uv ended with code {ended.returncode}"
    except subprocess.TimeoutExpired:
        reason = f"it took more than {INSTALL_TIMEOUT_SEC} s"
    if reason:
        raise StackError(f"{what} could not be installed: {reason}.", hint=f"{needs} Nothing was kept; try again.")


def _reason(said: str) -> str:
    """Return the first and the last cause that uv named, without credentials; else its first and last line."""
    shown = _CREDENTIALS.sub("", said).splitlines()
    causes = [line for line in shown if _CAUSE.match(line)]
    # uv may draw a tree before its lines.
    lines = [re.sub(r"^\W+", "", " ".join(line.split())) for line in causes or shown]
    lines = [_CAUSE.sub("", line).rstrip(".") for line in lines if line]
    return "; ".join(dict.fromkeys([*lines[:1], *lines[-1:]]))[:600]
