-- How many rows the segments of a session have until parts merge, older versions included.
-- LAYER: sessions
-- Not a check: every session id that is found has a row, so the comparison cannot fail.

-- TEST: segment_rows_vs_segment_session_ids
SELECT
    0 AS failed_rows,
    count() AS segment_rows,
    uniqExact(workflow_session_id) AS segment_session_ids,
    segment_rows - segment_session_ids AS delta,
    'INFO' AS status,
    if(segment_rows = 0, 'nothing to judge: no segment started in the window', '') AS skip_reason
FROM fact_workflow_session_segments
WHERE segment_start_ts >= {from_ts:DateTime64(3, 'UTC')} AND segment_start_ts < {to_ts:DateTime64(3, 'UTC')};
