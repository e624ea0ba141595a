"""Write docs/images/report.png, the README's picture, from the report of a golden run: `make picture`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.support.browser import Look, open_browser

HOME = Path(__file__).resolve().parents[2]
PICTURE = HOME / "docs" / "images" / "report.png"
WIDTH, HEIGHT = 1280, 1500


def golden_run(artifacts: Path) -> Path:
    """Run the golden fixture set, and return the run's folder."""
    done = subprocess.run(
        [str(Path(sys.executable).with_name("streamproof")), "run", "--json"],
        cwd=HOME,
        env={**os.environ, "STREAMPROOF_ARTIFACTS": str(artifacts)},
        stdout=subprocess.PIPE,
        check=True,
    )
    return artifacts / str(json.loads(done.stdout)["run_id"])


def take(folder: Path) -> None:
    """Save the beginning of a run's report as the picture."""
    with open_browser() as browser:
        look = Look(browser)
        page = look(folder / "report.html", width=WIDTH).page
        page.screenshot(path=PICTURE, full_page=True, clip={"x": 0, "y": 0, "width": WIDTH, "height": HEIGHT})
        look.close()


def main(arguments: list[str]) -> None:
    """Take the picture of the run in a folder, or of a new golden run."""
    if arguments:
        take(Path(arguments[0]))
        return
    with tempfile.TemporaryDirectory(prefix="streamproof-picture-") as scratch:
        take(golden_run(Path(scratch)))


if __name__ == "__main__":
    main(sys.argv[1:])
