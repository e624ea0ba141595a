-- When this fails, a stage between raw events and sessions gave nothing at all: events arrived, were accepted, and yet
-- no sample, no milestone or no session came of them. A reject is known by its event, not by the time it was rejected:
-- an old fixture that is replayed today is rejected today.
-- LAYER: silver

-- TEST: core_raw_to_silver_gold_nonempty
WITH found AS (
    SELECT
        'raw' AS what,
        uniqExact(cityHash64(event_uid)) AS amount,
        uniqExactIf(
            id, id != '' AND id IN (SELECT event_id FROM streaming_events_dlq WHERE event_id != '')
        ) AS rejected
    FROM streaming_events
    WHERE
        type IN ('ai_stream_status', 'stream_trace', 'ai_stream_events', 'stream_ingest_metrics')
        AND event_timestamp >= {from_ts:DateTime64(3, 'UTC')}
        AND event_timestamp < {to_ts:DateTime64(3, 'UTC')}
    UNION ALL
    SELECT 'status' AS what, count() AS amount, 0 AS rejected
    FROM fact_stream_status_samples
    WHERE sample_ts >= {from_ts:DateTime64(3, 'UTC')} AND sample_ts < {to_ts:DateTime64(3, 'UTC')}
    UNION ALL
    SELECT 'trace' AS what, count() AS amount, 0 AS rejected
    FROM fact_stream_trace_edges
    WHERE edge_ts >= {from_ts:DateTime64(3, 'UTC')} AND edge_ts < {to_ts:DateTime64(3, 'UTC')}
    UNION ALL
    SELECT 'session' AS what, count() AS amount, 0 AS rejected
    FROM v_latest_sessions
    WHERE
        session_start_ts < {to_ts:DateTime64(3, 'UTC')}
        AND ifNull(session_end_ts, session_start_ts) >= {from_ts:DateTime64(3, 'UTC')}
)

SELECT
    sum(amount) > 0
    AND least(raw_distinct_ids, accepted_distinct_ids_est, status_rows, trace_rows, session_rows) = 0 AS failed_rows,
    sumIf(amount, what = 'raw') AS raw_distinct_ids,
    sumIf(rejected, what = 'raw') AS rejected_distinct_ids,
    if(
        rejected_distinct_ids < raw_distinct_ids, toUInt64(raw_distinct_ids - rejected_distinct_ids), 0
    ) AS accepted_distinct_ids_est,
    sumIf(amount, what = 'status') AS status_rows,
    sumIf(amount, what = 'trace') AS trace_rows,
    sumIf(amount, what = 'session') AS session_rows,
    if(sum(amount) = 0, 'nothing to judge: no core event in the window', '') AS skip_reason
FROM found;

-- MUTATION: no health sample reaches silver
-- ALSO FAILS: conservation_named_rows_exist, status_raw_to_silver_projection
-- ALSO FAILS: session_summary_change_flags_consistency, agg_stream_performance_1m_matches_status_samples
-- ALSO FAILS: network_demand_by_gpu_matches_latest_sessions, network_demand_view_matches_rollup
-- ALSO FAILS: rollup_totals_match_silver, scenario_1_clean_success_no_swap_fps_gt_12_exists, freshness_lag
DELETE FROM fact_stream_status_samples WHERE 1;

-- MUTATION: no milestone reaches silver
-- ALSO FAILS: conservation_named_rows_exist, trace_raw_to_silver_projection, swapped_sessions_have_evidence
-- ALSO FAILS: swap_counts_equal_their_evidence, scenario_2_no_orchestrator_then_closed_exists, freshness_lag
DELETE FROM fact_stream_trace_edges WHERE 1;

-- MUTATION: every core event is rejected, long after its own time
-- ALSO FAILS: conservation_no_unnamed_rows
INSERT INTO streaming_events_dlq (event_id, event_type, source_record_timestamp)
SELECT id, type, now64(3)
FROM streaming_events
WHERE type IN ('ai_stream_status', 'stream_trace', 'ai_stream_events', 'stream_ingest_metrics');

-- MUTATION: no session is made
-- ALSO FAILS: session_fact_present, freshness_lag
ALTER TABLE fact_workflow_sessions
UPDATE session_start_ts = session_start_ts + toIntervalYear(10), session_end_ts = session_end_ts + toIntervalYear(10)
WHERE 1;
