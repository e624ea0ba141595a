"""Take down a stack on Docker whose supervisor was killed: `python -m streamproof.runtime.compose.down FOLDER`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from streamproof.model.errors import StreamproofError
from streamproof.runtime.compose.project import take_down


def main() -> int:
    """Remove the containers and return the exit code; an error goes to standard error."""
    try:
        take_down(Path(sys.argv[1]), os.environ)
    except StreamproofError as error:
        sys.stderr.write(f"{error.message} {error.hint}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
