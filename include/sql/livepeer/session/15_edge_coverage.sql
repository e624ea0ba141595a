-- Which startup edges were known at the time of each signal, and which one was missing.
-- LAYER: sessions

-- QUERY: 15_edge_coverage
SELECT
    signal_ts,
    trace_type,
    unmatched_reason,
    is_terminal_signal,
    has_first_processed_edge,
    has_first_playable_edge,
    * EXCEPT (
        signal_ts,
        trace_type,
        unmatched_reason,
        is_terminal_signal,
        has_first_processed_edge,
        has_first_playable_edge
    )
FROM v_latest_edge_coverage
WHERE workflow_session_id = {sid:String}
ORDER BY signal_ts, source_event_uid;
