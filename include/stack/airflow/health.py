"""The containers' health check: `python health.py api-server|scheduler|dag_processor|triggerer`.

The api-server knows of the others by their heartbeats; one request costs less than a start of the `airflow` command.
"""

from __future__ import annotations

import json
import sys
import urllib.request

TIMEOUT_SEC = 8


def main() -> int:
    """Return 0 when the component is healthy; say what it is otherwise."""
    component = sys.argv[1]
    host = "127.0.0.1" if component == "api-server" else "airflow-api-server"
    address = f"http://{host}:8080/api/v2/monitor/health"
    # No proxy: the address is the stack's own.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(address, timeout=TIMEOUT_SEC) as answer:
        health = json.load(answer)
    if component == "api-server" or health[component]["status"] == "healthy":
        return 0
    sys.stderr.write(f"{component}: {health[component]}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
