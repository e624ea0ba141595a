-- When this fails, the old swap counter differs from the number of confirmed swaps: dashboards that still read the old
-- counter disagree with the API views.
-- LAYER: sessions

-- TEST: swap_signal_split_consistency
WITH judged AS (
    SELECT workflow_session_id, swap_count, confirmed_swap_count, swap_count != confirmed_swap_count AS differs
    FROM fact_workflow_sessions FINAL
    WHERE session_start_ts >= {from_ts:DateTime64(3, 'UTC')} AND session_start_ts < {to_ts:DateTime64(3, 'UTC')}
)

SELECT
    countIf(differs) AS failed_rows,
    count() AS rows_checked,
    groupArrayIf(20)((workflow_session_id, swap_count, confirmed_swap_count), differs) AS session_swaps_and_confirmed,
    groupArrayIf(20)(workflow_session_id, differs) AS failing_workflow_session_ids,
    if(count() = 0, 'nothing to judge: no session starts in the window', '') AS skip_reason
FROM judged;

-- MUTATION: the old counter counts one more
ALTER TABLE fact_workflow_sessions UPDATE swap_count = swap_count + 1
WHERE workflow_session_id = (SELECT min(workflow_session_id) FROM fact_workflow_sessions);
