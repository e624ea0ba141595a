-- When this fails, a proxy wallet is taken for an orchestrator: work is credited to an address that belongs to no
-- orchestrator and cannot be paid or held responsible. A proxy is a wallet that capabilities name as a local address
-- and never as an orchestrator's own. Facts, the rollup and the API views are checked.
-- LAYER: sessions

-- TEST: no_proxy_wallet_as_orchestrator
WITH
proxies AS (
    SELECT DISTINCT lower(local_address) AS proxy
    FROM network_capabilities
    WHERE local_address != '' AND lower(local_address) NOT IN (
        SELECT lower(canonical.orchestrator_address) FROM network_capabilities AS canonical
    )
),

named AS (
    SELECT 'fact_workflow_sessions' AS object, orchestrator_address, workflow_session_id
    FROM fact_workflow_sessions
    WHERE session_start_ts >= {from_ts:DateTime64(3, 'UTC')} AND session_start_ts < {to_ts:DateTime64(3, 'UTC')}
    UNION ALL
    SELECT 'fact_workflow_session_segments' AS object, orchestrator_address, workflow_session_id
    FROM fact_workflow_session_segments
    WHERE segment_start_ts >= {from_ts:DateTime64(3, 'UTC')} AND segment_start_ts < {to_ts:DateTime64(3, 'UTC')}
    UNION ALL
    SELECT 'fact_workflow_param_updates' AS object, orchestrator_address, workflow_session_id
    FROM fact_workflow_param_updates
    WHERE update_ts >= {from_ts:DateTime64(3, 'UTC')} AND update_ts < {to_ts:DateTime64(3, 'UTC')}
    UNION ALL
    SELECT 'fact_lifecycle_edge_coverage' AS object, orchestrator_address, workflow_session_id
    FROM fact_lifecycle_edge_coverage
    WHERE signal_ts >= {from_ts:DateTime64(3, 'UTC')} AND signal_ts < {to_ts:DateTime64(3, 'UTC')}
    UNION ALL
    SELECT 'fact_workflow_latency_samples' AS object, orchestrator_address, workflow_session_id
    FROM fact_workflow_latency_samples
    WHERE sample_ts >= {from_ts:DateTime64(3, 'UTC')} AND sample_ts < {to_ts:DateTime64(3, 'UTC')}
    UNION ALL
    SELECT 'fact_stream_status_samples' AS object, orchestrator_address, workflow_session_id
    FROM fact_stream_status_samples
    WHERE sample_ts >= {from_ts:DateTime64(3, 'UTC')} AND sample_ts < {to_ts:DateTime64(3, 'UTC')}
    UNION ALL
    SELECT 'fact_stream_trace_edges' AS object, orchestrator_address, workflow_session_id
    FROM fact_stream_trace_edges
    WHERE edge_ts >= {from_ts:DateTime64(3, 'UTC')} AND edge_ts < {to_ts:DateTime64(3, 'UTC')}
    UNION ALL
    SELECT 'agg_stream_performance_1m' AS object, orchestrator_address, '' AS workflow_session_id
    FROM agg_stream_performance_1m
    WHERE
        window_start >= dateTrunc('minute', {from_ts:DateTime64(3, 'UTC')})
        AND window_start < {to_ts:DateTime64(3, 'UTC')}
    UNION ALL
    SELECT 'v_api_gpu_metrics' AS object, orchestrator_address, '' AS workflow_session_id
    FROM v_api_gpu_metrics
    WHERE
        window_start >= dateTrunc('hour', {from_ts:DateTime64(3, 'UTC')})
        AND window_start < {to_ts:DateTime64(3, 'UTC')}
    UNION ALL
    SELECT 'v_api_sla_compliance' AS object, orchestrator_address, '' AS workflow_session_id
    FROM v_api_sla_compliance
    WHERE
        window_start >= dateTrunc('hour', {from_ts:DateTime64(3, 'UTC')})
        AND window_start < {to_ts:DateTime64(3, 'UTC')}
    UNION ALL
    SELECT 'v_api_network_demand_by_gpu' AS object, orchestrator_address, '' AS workflow_session_id
    FROM v_api_network_demand_by_gpu
    WHERE
        window_start >= dateTrunc('hour', {from_ts:DateTime64(3, 'UTC')})
        AND window_start < {to_ts:DateTime64(3, 'UTC')}
),

judged AS (
    SELECT *, lower(orchestrator_address) IN (SELECT proxies.proxy FROM proxies) AS is_proxy
    FROM named
    WHERE orchestrator_address != ''
)

SELECT
    countIf(is_proxy) AS failed_rows,
    count() AS rows_checked,
    uniqExact(object) AS objects_checked,
    (SELECT count() FROM proxies) AS proxies_known,
    groupUniqArrayIf(20)((object, orchestrator_address), is_proxy) AS object_and_proxy,
    groupUniqArrayIf(20)(workflow_session_id, is_proxy AND workflow_session_id != '') AS failing_workflow_session_ids,
    if(
        proxies_known > 0 AND count() > 0, '', 'nothing to judge: no proxy wallet, or no orchestrator in the window'
    ) AS skip_reason
FROM judged;

-- MUTATION: a parameter update names a proxy
ALTER TABLE fact_workflow_param_updates UPDATE orchestrator_address = (
    SELECT max(local_address) FROM network_capabilities WHERE local_address != orchestrator_address
)
WHERE workflow_session_id = (SELECT max(workflow_session_id) FROM fact_workflow_param_updates);

-- MUTATION: a milestone names a proxy
ALTER TABLE fact_stream_trace_edges UPDATE orchestrator_address = (
    SELECT upper(max(local_address)) FROM network_capabilities WHERE local_address != orchestrator_address
)
WHERE source_event_uid = (SELECT max(source_event_uid) FROM fact_stream_trace_edges WHERE is_attributed);

-- MUTATION: edge coverage names a proxy
ALTER TABLE fact_lifecycle_edge_coverage UPDATE orchestrator_address = (
    SELECT max(local_address) FROM network_capabilities WHERE local_address != orchestrator_address
)
WHERE workflow_session_id = (SELECT max(workflow_session_id) FROM fact_lifecycle_edge_coverage);

-- MUTATION: latencies are credited to a proxy
ALTER TABLE fact_workflow_latency_samples UPDATE orchestrator_address = (
    SELECT max(local_address) FROM network_capabilities WHERE local_address != orchestrator_address
)
WHERE workflow_session_id = (
    SELECT max(workflow_session_id) FROM fact_workflow_latency_samples WHERE orchestrator_address != ''
);

-- MUTATION: a session belongs to a proxy, and so does its row in the API views
ALTER TABLE fact_workflow_sessions UPDATE orchestrator_address = (
    SELECT max(local_address) FROM network_capabilities WHERE local_address != orchestrator_address
)
WHERE workflow_session_id = (
    SELECT max(workflow_session_id) FROM fact_workflow_sessions WHERE orchestrator_address != ''
);

-- MUTATION: the rollup counts minutes of a proxy
INSERT INTO agg_stream_performance_1m (window_start, orchestrator_address)
SELECT sample_ts, (SELECT max(local_address) FROM network_capabilities WHERE local_address != orchestrator_address)
FROM fact_stream_status_samples
ORDER BY sample_ts
LIMIT 1;
