-- When this fails, no health sample in a segment of a session agrees with its orchestrator, model or pipeline: rollups
-- and session credit different orchestrators. A single sample that disagrees is only a warning: at a swap, samples of
-- both orchestrators may have the same millisecond.
-- LAYER: sessions

-- TEST: status_vs_segment_identity_consistency
WITH
matched AS (
    SELECT
        samples.workflow_session_id AS workflow_session_id,
        segments.segment_index AS segment_index,
        samples.sample_ts AS sample_ts,
        (lower(samples.orchestrator_address), lower(samples.pipeline), lower(ifNull(samples.model_id, ''))) AS seen,
        (lower(segments.orchestrator_address), lower(segments.pipeline), lower(ifNull(segments.model_id, '')))
            AS covering,
        seen.1 NOT IN ('', covering.1)
        OR (seen.2 != '' AND covering.2 NOT IN ('', seen.2))
        OR (seen.3 != '' AND covering.3 NOT IN ('', seen.3)) AS differs
    FROM fact_stream_status_samples AS samples
    ASOF JOIN v_latest_segments AS segments
        ON
            samples.workflow_session_id = segments.workflow_session_id
            AND samples.sample_ts >= segments.segment_start_ts
    WHERE
        samples.sample_ts >= {from_ts:DateTime64(3, 'UTC')}
        AND samples.sample_ts < {to_ts:DateTime64(3, 'UTC')}
),

by_segment AS (
    SELECT
        workflow_session_id,
        segment_index,
        count() AS samples,
        countIf(differs) AS differing,
        differing = samples AS is_contradicted,
        anyIf((sample_ts, seen, covering), differs) AS example
    FROM matched
    GROUP BY workflow_session_id, segment_index
)

SELECT
    countIf(is_contradicted) AS failed_rows,
    multiIf(failed_rows > 0, 'FAIL', differing_samples > 0, 'WARN', 'PASS') AS status,
    count() AS segments_checked,
    sum(samples) AS samples_checked,
    sum(differing) AS differing_samples,
    groupArrayIf(20)(
        (workflow_session_id, segment_index, samples, differing, example), differing > 0
    ) AS session_segment_samples_differing_example,
    groupUniqArrayIf(20)(workflow_session_id, is_contradicted) AS failing_workflow_session_ids,
    if(count() = 0, 'nothing to judge: no health sample within a segment in the window', '') AS skip_reason
FROM by_segment;

-- MUTATION: the first stretch of a swapped session is given to a third orchestrator
ALTER TABLE fact_workflow_session_segments
UPDATE orchestrator_address = '0x00000000000000000000000000000000000000ff'
WHERE segment_index = 0 AND workflow_session_id = (
    SELECT max(workflow_session_id) FROM fact_workflow_sessions
    WHERE inferred_orchestrator_change_count = 1 AND swap_count = 1
);

-- MUTATION: a session's samples ran on another model than its segment
ALTER TABLE fact_workflow_session_segments UPDATE model_id = 'another-model'
WHERE workflow_session_id = (
    SELECT max(workflow_session_id) FROM fact_workflow_sessions WHERE status_sample_count > 1 AND swap_count = 0
);
