-- When this fails, the totals of the hours are wrong. Samples, stream time, sessions and fees are summed over all parts
-- of the demand views, and again over the facts, samples and payments. Unlike a comparison by key, sums show that a key
-- was left out on both sides.
-- LAYER: rollups

-- TEST: rollup_totals_match_silver
WITH
sides AS (
    SELECT
        0 AS is_rollup,
        count() AS samples,
        sum(gap_ms) AS stream_ms,
        0 AS sessions,
        0 AS known,
        0 AS unexcused,
        0 AS confirmed_swapped,
        0 AS inferred_changed,
        0 AS swapped,
        toUInt256(0) AS fee_wei
    FROM (
        SELECT
            sample_ts,
            least(
                dateDiff('millisecond', sample_ts, leadInFrame(sample_ts, 1, sample_ts) OVER (
                    PARTITION BY workflow_session_id
                    ORDER BY sample_ts ASC, source_event_uid ASC
                    ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
                )),
                60000
            ) AS gap_ms
        FROM fact_stream_status_samples
    ) AS gaps
    WHERE
        sample_ts >= dateTrunc('hour', {from_ts:DateTime64(3, 'UTC')})
        AND sample_ts < dateTrunc('hour', {to_ts:DateTime64(3, 'UTC')} + INTERVAL 3599999 MILLISECOND)
    UNION ALL
    SELECT
        0 AS is_rollup,
        0,
        0,
        count(),
        countIf(known_stream),
        countIf(startup_unexcused),
        countIf(confirmed_swap_count > 0),
        countIf(inferred_orchestrator_change_count > 0),
        countIf(confirmed_swap_count > 0 OR inferred_orchestrator_change_count > 0),
        toUInt256(0)
    FROM fact_workflow_sessions FINAL
    WHERE
        session_start_ts >= dateTrunc('hour', {from_ts:DateTime64(3, 'UTC')})
        AND session_start_ts < dateTrunc('hour', {to_ts:DateTime64(3, 'UTC')} + INTERVAL 3599999 MILLISECOND)
    UNION ALL
    SELECT
        0 AS is_rollup,
        0, 0, 0, 0, 0, 0, 0, 0,
        sumIf(
            toUInt256OrZero(splitByChar('.', replaceRegexpOne(lower(face_value), '[ a-z]*$', ''))[1]),
            match(lower(face_value), '^ *[0-9]{1,40}(\\.[0-9]*)? *(wei *)?$')
        )
    FROM payment_events
    WHERE
        request_id IN (SELECT request_id FROM fact_workflow_sessions WHERE request_id != '')
        AND event_timestamp >= dateTrunc('hour', {from_ts:DateTime64(3, 'UTC')})
        AND event_timestamp < dateTrunc('hour', {to_ts:DateTime64(3, 'UTC')} + INTERVAL 3599999 MILLISECOND)
    UNION ALL
    SELECT
        1 AS is_rollup,
        sum(parts.status_samples),
        sum(parts.inference_ms),
        sum(parts.sessions),
        sum(parts.known_sessions),
        sum(parts.unexcused_sessions),
        sum(parts.confirmed_swapped_sessions),
        sum(parts.inferred_orchestrator_change_sessions),
        sum(parts.swapped_sessions),
        sum(parts.fee_wei)
    FROM v_demand_parts_1h AS parts
    WHERE
        parts.hour >= dateTrunc('hour', {from_ts:DateTime64(3, 'UTC')})
        AND parts.hour < {to_ts:DateTime64(3, 'UTC')}
),

totals AS (
    SELECT
        total.1 AS what,
        sumIf(total.2, NOT is_rollup) AS expected,
        sumIf(total.2, is_rollup) AS rolled_up
    FROM (
        SELECT
            is_rollup,
            arrayJoin([
                ('samples', toUInt256(samples)),
                ('stream_ms', toUInt256(stream_ms)),
                ('sessions', toUInt256(sessions)),
                ('known_sessions', toUInt256(known)),
                ('unexcused_sessions', toUInt256(unexcused)),
                ('confirmed_swapped_sessions', toUInt256(confirmed_swapped)),
                ('inferred_orchestrator_change_sessions', toUInt256(inferred_changed)),
                ('swapped_sessions', toUInt256(swapped)),
                ('fee_wei', fee_wei)
            ]) AS total
        FROM sides
    ) AS parts
    GROUP BY what
)

SELECT
    countIf(expected != rolled_up) AS failed_rows,
    arraySort(groupArray((what, toString(expected), toString(rolled_up)))) AS what_expected_rolled_up,
    if(
        sum(expected) = 0 AND sum(rolled_up) = 0,
        'nothing to judge: no sample, no session and no payment of a session in the window',
        ''
    ) AS skip_reason
FROM totals;

-- MUTATION: every batch is counted twice
INSERT INTO agg_stream_performance_1m SELECT * FROM agg_stream_performance_1m;

-- MUTATION: minutes are samples divided by 60
CREATE OR REPLACE VIEW v_inference_time_1h AS
SELECT
    toDateTime64(dateTrunc('hour', samples.sample_ts), 3, 'UTC') AS window_start,
    samples.gateway AS gateway,
    samples.orchestrator_address AS orchestrator_address,
    samples.pipeline AS pipeline,
    ifNull(samples.model_id, '') AS model_id,
    ifNull(samples.gpu_id, '') AS gpu_id,
    ifNull(samples.region, '') AS region,
    count() * 1000 AS inference_ms
FROM fact_stream_status_samples AS samples
GROUP BY window_start, gateway, orchestrator_address, pipeline, model_id, gpu_id, region;

-- MUTATION: payments find no session
CREATE OR REPLACE VIEW v_latest_sessions AS
SELECT
    workflow_session_id,
    workflow_type,
    workflow_id,
    stream_id,
    '' AS request_id,
    * EXCEPT (workflow_session_id, workflow_type, workflow_id, stream_id, request_id)
FROM fact_workflow_sessions FINAL
WHERE session_start_ts > toDateTime64('2000-01-01 00:00:00', 3, 'UTC');
