-- How did the sessions end that started in the window? The newest version of each session is taken first, then the
-- window is applied, so a session whose start has moved counts where it starts now. `swapped_sessions` counts confirmed
-- and inferred swaps. `unexcused_rate` is relative to known sessions, and null if there are none.

-- QUERY: 05_reliability_and_swap_summary
SELECT
    count() AS sessions,
    countIf(known_stream) AS known_stream_sessions,
    countIf(startup_success) AS startup_success_sessions,
    countIf(startup_excused) AS startup_excused_sessions,
    countIf(startup_unexcused) AS startup_unexcused_sessions,
    countIf(confirmed_swap_count > 0) AS confirmed_swapped_sessions,
    countIf(inferred_orchestrator_change_count > 0) AS inferred_orchestrator_change_sessions,
    countIf(confirmed_swap_count > 0 OR inferred_orchestrator_change_count > 0) AS swapped_sessions,
    countIf(startup_unexcused) / nullIf(countIf(known_stream), 0) AS unexcused_rate
FROM v_latest_sessions
WHERE session_start_ts >= {from_ts:DateTime64(3, 'UTC')} AND session_start_ts < {to_ts:DateTime64(3, 'UTC')};
