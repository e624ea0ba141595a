"""The supervisor's program: `python -m streamproof.services.supervise SPEC.json TIMEOUT_SEC`.

What no file may hold comes as a JSON object on its standard input.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import orjson

from streamproof.runtime.stack_spec import StackSpec
from streamproof.runtime.supervisor import supervise
from streamproof.services.registry import services_of


def main() -> None:
    """Detach from whoever started this, then supervise."""
    spec = StackSpec.from_json(orjson.loads(Path(sys.argv[1]).read_bytes()))
    secrets = orjson.loads(sys.stdin.buffer.read() or b"{}")
    # A process that ends leaves a zombie to its parent; this one's parent is to be init, which reaps it.
    if os.fork():
        os._exit(0)
    os.setsid()
    code = supervise(spec, os.environ, float(sys.argv[2]), secrets, services_of)
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
