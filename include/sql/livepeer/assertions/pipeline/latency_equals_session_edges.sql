-- When this fails, a start-up time is not the distance between its session's milestones, or an unmeasured value is
-- counted: averages and percentiles of start-up are wrong. An interval with a missing end, or a negative one between
-- two clocks, is unknown: it must be null with flag 0.
-- LAYER: sessions

-- TEST: latency_equals_session_edges
WITH
judged AS (
    SELECT
        sessions.workflow_session_id AS workflow_session_id,
        latency.workflow_session_id IS NULL AS is_missing,
        [
            dateDiff('millisecond', sessions.first_stream_request_ts, sessions.first_processed_ts),
            dateDiff('millisecond', sessions.first_processed_ts, sessions.first_playable_ts),
            dateDiff('millisecond', sessions.first_stream_request_ts, sessions.first_playable_ts)
        ] AS distances,
        arrayMap(distance -> if(distance >= 0, toFloat64(distance), NULL), distances) AS expected,
        [latency.prompt_to_first_frame_ms, latency.startup_time_ms, latency.e2e_latency_ms] AS observed,
        [latency.has_prompt_to_first_frame, latency.has_startup_time, latency.has_e2e_latency] AS flags,
        NOT is_missing AND latency.sample_ts != sessions.session_start_ts AS differs_time,
        NOT is_missing AND arrayExists(
            (wanted, found) -> if(wanted IS NULL, found IS NOT NULL, ifNull(NOT (abs(found - wanted) <= 1e-6), 1)),
            expected,
            observed
        ) AS differs_value,
        NOT is_missing AND arrayExists(
            (found, flag) -> ifNull(flag, 0) != (found IS NOT NULL), observed, flags
        ) AS differs_flag,
        is_missing OR differs_time OR differs_value OR differs_flag AS is_wrong
    FROM v_latest_sessions AS sessions
    LEFT JOIN v_latest_latency_samples AS latency ON sessions.workflow_session_id = latency.workflow_session_id
    WHERE
        sessions.session_start_ts >= {from_ts:DateTime64(3, 'UTC')}
        AND sessions.session_start_ts < {to_ts:DateTime64(3, 'UTC')}
)

SELECT
    countIf(is_wrong) AS failed_rows,
    count() AS sessions_checked,
    countIf(is_missing) AS sessions_without_latencies,
    countIf(differs_time) AS times_other_than_the_start,
    countIf(differs_value) AS values_differ,
    countIf(differs_flag) AS flags_differ,
    groupArrayIf(20)((workflow_session_id, expected, observed, flags), is_wrong) AS session_expected_observed_flags,
    groupArrayIf(20)(workflow_session_id, is_wrong) AS failing_workflow_session_ids,
    if(count() = 0, 'nothing to judge: no session starts in the window', '') AS skip_reason
FROM judged;

-- MUTATION: a second too long
ALTER TABLE fact_workflow_latency_samples UPDATE startup_time_ms = startup_time_ms + 1000
WHERE workflow_session_id = (SELECT max(workflow_session_id) FROM fact_workflow_latency_samples WHERE has_startup_time);

-- MUTATION: a start-up time is no number
ALTER TABLE fact_workflow_latency_samples UPDATE startup_time_ms = nan
WHERE workflow_session_id = (
    SELECT max(workflow_session_id)
    FROM v_latest_latency_samples
    WHERE has_startup_time AND orchestrator_address != '' AND gpu_id != ''
);

-- MUTATION: an interval that nobody measured is 0
ALTER TABLE fact_workflow_latency_samples UPDATE e2e_latency_ms = 0, has_e2e_latency = 1
WHERE workflow_session_id = (
    SELECT max(workflow_session_id) FROM fact_workflow_latency_samples WHERE NOT has_e2e_latency
);

-- MUTATION: a value whose flag denies it
ALTER TABLE fact_workflow_latency_samples UPDATE has_prompt_to_first_frame = 0
WHERE workflow_session_id = (
    SELECT max(workflow_session_id) FROM fact_workflow_latency_samples WHERE has_prompt_to_first_frame
);

-- MUTATION: latencies dated otherwise than their session
ALTER TABLE fact_workflow_latency_samples UPDATE sample_ts = sample_ts + toIntervalMillisecond(1)
WHERE workflow_session_id = (SELECT max(workflow_session_id) FROM fact_workflow_latency_samples);

-- MUTATION: a session without latencies
DELETE FROM fact_workflow_latency_samples
WHERE workflow_session_id = (
    SELECT max(workflow_session_id) FROM fact_workflow_sessions WHERE orchestrator_address = ''
);
