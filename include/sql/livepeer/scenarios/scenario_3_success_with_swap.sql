-- Sessions that started in the window, newest first; the newest version of each is taken first, then the window. A swap
-- is explicit if a trace reports it, derived if the segments name several orchestrators, and legacy if only the
-- compatibility counter shows it.

-- QUERY: scenario_3_success_with_swap
WITH
hosts AS (
    SELECT
        workflow_session_id,
        uniqExactIf(orchestrator_address, orchestrator_address != '') AS orchestrators
    FROM v_latest_segments
    GROUP BY workflow_session_id
),

sessions AS (
    SELECT
        latest.*,
        hosts.orchestrators AS segment_orchestrators,
        latest.confirmed_swap_count > 0 AS has_explicit_swap_signal,
        latest.inferred_orchestrator_change_count > 0 OR segment_orchestrators > 1 AS has_derived_swap_signal,
        latest.swap_count > 0 AND NOT has_explicit_swap_signal AND NOT has_derived_swap_signal AS has_legacy_swap_signal
    FROM v_latest_sessions AS latest
    LEFT JOIN hosts ON latest.workflow_session_id = hosts.workflow_session_id
    WHERE
        latest.session_start_ts >= {from_ts:DateTime64(3, 'UTC')}
        AND latest.session_start_ts < {to_ts:DateTime64(3, 'UTC')}
        AND latest.startup_success = 1
)

SELECT
    'scenario_3_success_with_swap' AS scenario_name,
    workflow_session_id,
    stream_id,
    request_id,
    session_start_ts,
    session_end_ts,
    confirmed_swap_count,
    inferred_orchestrator_change_count,
    swap_count,
    segment_orchestrators,
    has_explicit_swap_signal,
    has_derived_swap_signal,
    has_legacy_swap_signal,
    multiIf(
        has_explicit_swap_signal, 'explicit',
        has_derived_swap_signal, 'derived',
        has_legacy_swap_signal, 'legacy',
        'none'
    ) AS swap_signal_source
FROM sessions
WHERE has_explicit_swap_signal OR has_derived_swap_signal OR has_legacy_swap_signal
ORDER BY session_start_ts DESC, workflow_session_id ASC
LIMIT {limit_per_scenario:UInt32}
SETTINGS join_use_nulls = 0;
