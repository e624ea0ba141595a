-- When this fails, start-up times are credited to another orchestrator or GPU than the session's last segment: the
-- facts about one session no longer come from one decision of the processor. The last segment is compared and not the
-- one at the start, because a latency row has the current attribution of its session.
-- LAYER: sessions

-- TEST: latency_vs_segment_identity_consistency
WITH
present AS (
    SELECT
        workflow_session_id,
        argMax((lower(orchestrator_address), ifNull(gpu_id, '')), segment_index) AS served
    FROM v_latest_segments
    GROUP BY workflow_session_id
),

judged AS (
    SELECT
        latency.workflow_session_id AS workflow_session_id,
        (lower(latency.orchestrator_address), ifNull(latency.gpu_id, '')) AS credited,
        present.served AS served,
        credited.1 != served.1 AS differs_orchestrator,
        credited.2 != served.2 AS differs_gpu
    FROM v_latest_latency_samples AS latency
    INNER JOIN present ON latency.workflow_session_id = present.workflow_session_id
    WHERE
        latency.sample_ts >= {from_ts:DateTime64(3, 'UTC')}
        AND latency.sample_ts < {to_ts:DateTime64(3, 'UTC')}
)

SELECT
    countIf(differs_orchestrator OR differs_gpu) AS failed_rows,
    if(failed_rows > 0, 'FAIL', 'PASS') AS status,
    count() AS rows_checked,
    countIf(differs_orchestrator) AS orchestrator_differs,
    countIf(differs_gpu) AS gpu_differs,
    groupArrayIf(20)(
        (workflow_session_id, credited, served), differs_orchestrator OR differs_gpu
    ) AS session_credited_and_served,
    groupArrayIf(20)(workflow_session_id, differs_orchestrator OR differs_gpu) AS failing_workflow_session_ids,
    if(count() = 0, 'nothing to judge: no latencies of a session with a segment in the window', '') AS skip_reason
FROM judged;

-- MUTATION: latencies of another orchestrator
ALTER TABLE fact_workflow_latency_samples
UPDATE orchestrator_address = '0x00000000000000000000000000000000000000ff'
WHERE workflow_session_id = (
    SELECT max(workflow_session_id) FROM fact_workflow_latency_samples WHERE orchestrator_address != ''
);

-- MUTATION: latencies of another GPU
ALTER TABLE fact_workflow_latency_samples UPDATE gpu_id = 'GPU-other'
WHERE workflow_session_id = (SELECT max(workflow_session_id) FROM fact_workflow_latency_samples WHERE gpu_id != '');
