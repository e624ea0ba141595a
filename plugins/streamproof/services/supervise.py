"""The supervisor's program: `python -m streamproof.services.supervise SPEC.json TIMEOUT_SEC`.

Secrets come as a JSON object on its standard input, because no file may hold them.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import orjson

from streamproof.model.formats.json_data import from_json
from streamproof.runtime.stack_spec import StackSpec
from streamproof.runtime.supervisor import supervise
from streamproof.services.registry import services_of


def main() -> None:
    """Detach from the process that started this one, then supervise the stack."""
    spec = from_json(StackSpec, orjson.loads(Path(sys.argv[1]).read_bytes()))
    secrets = orjson.loads(sys.stdin.buffer.read() or b"{}")
    # A process remains as a zombie until its parent reaps it. The fork makes init the parent, which always does.
    if os.fork():
        os._exit(0)
    os.setsid()
    code = supervise(spec, os.environ, float(sys.argv[2]), secrets, services_of)
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
