"""Decides which scenarios a session satisfies, from its facts and trace types."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

CLEAN = "scenario_1_clean_success_no_swap_fps_gt_12"
NO_ORCHESTRATOR = "scenario_2_no_orchestrator_then_closed"
SWAP = "scenario_3_success_with_swap"
PARAM_UPDATES = "scenario_4_success_with_param_updates"
OTHER = "scenario_5_out_of_category_baseline"

# When a session satisfies several scenarios, the first one names it: the rarest evidence comes first. A swap or a
# parameter update says more about a session than a good frame rate. 2 excludes 1, 3 and 4; 5 excludes all others.
PRECEDENCE = (SWAP, PARAM_UPDATES, CLEAN, NO_ORCHESTRATOR, OTHER)

CLEAN_FPS = 12.0


def satisfied_scenarios(row: Mapping[str, Any], *, trace_types: Set[str], fps: float | None) -> tuple[str, ...]:
    """Return every scenario that a session satisfies, at least one, in order of precedence.

    `row` has the session's facts, `trace_types` its signal kinds `trace:<subtype>`, `fps` is its mean output FPS.
    """
    success = bool(row["startup_success"])
    clean = success and row["known_stream"] and not row["startup_unexcused"] and row["confirmed_swap_count"] == 0
    satisfied = {
        SWAP: success and (row["confirmed_swap_count"] > 0 or row["inferred_orchestrator_change_count"] > 0),
        PARAM_UPDATES: success and row["param_updates"] > 0,
        CLEAN: clean and (fps or 0.0) > CLEAN_FPS,
        NO_ORCHESTRATOR: not success
        and {"trace:gateway_no_orchestrators_available", "trace:gateway_ingest_stream_closed"} <= trace_types,
    }
    return tuple(name for name in PRECEDENCE if satisfied.get(name)) or (OTHER,)
