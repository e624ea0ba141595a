from __future__ import annotations

import subprocess
import sys

from .faults import RANGE
from .test_bad_input import INCLUDE, one_error

LOADED = "import pipelines.market.main, sys; print(*{'databento', 'pandas', 'requests'} & set(sys.modules))"


def test_the_program_starts_without_the_client():
    """It takes most of a second to import: a wrong option, and a run with nothing to fetch, do not wait for it."""
    ended = subprocess.run(
        [sys.executable, "-P", "-c", LOADED],
        env={"PYTHONPATH": str(INCLUDE)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout.split() == []


def test_a_setting_that_the_client_refuses_is_one_message(market):
    market.run_trades(code=2, DATABENTO_GATEWAY="https:")
    one_error(market, "The client refuses a setting", "Check the key and the gateway.")
    assert market.gateway.requests[RANGE] == 0
