-- SECTION: Contract coverage and sparsity
-- How dense are the health samples by hour? An hour with few samples, or with a frame rate of 0 in most of them, makes
-- poor averages in the API views although every check passes.
-- BARS: status_samples, fps_positive, fps_zero

-- QUERY: 06_hourly_sparsity
SELECT
    dateTrunc('hour', sample_ts) AS hour_utc,
    count() AS status_samples,
    countIf(output_fps > 0) AS fps_positive,
    countIf(output_fps = 0) AS fps_zero,
    countIf(gateway = '') AS blank_gateway,
    uniqExact(workflow_session_id) AS sessions
FROM fact_stream_status_samples
WHERE sample_ts >= {from_ts:DateTime64(3, 'UTC')} AND sample_ts < {to_ts:DateTime64(3, 'UTC')}
GROUP BY hour_utc
ORDER BY hour_utc;
