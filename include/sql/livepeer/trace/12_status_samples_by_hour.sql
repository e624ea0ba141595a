-- How complete are the status samples of each hour? Samples without a frame rate or without a gateway leave gaps in the
-- views that are built on them: that is sparse telemetry, and no fault of the views.
-- PROFILE: hour

-- QUERY: 12_status_samples_by_hour
SELECT
    dateTrunc('hour', sample_ts) AS hour,
    count() AS samples,
    countIf(output_fps > 0) AS with_frame_rate,
    countIf(output_fps = 0) AS without_frame_rate,
    countIf(gateway = '') AS without_gateway,
    countIf(orchestrator_address = '') AS without_orchestrator,
    countIf(ifNull(gpu_id, '') = '') AS without_gpu
FROM fact_stream_status_samples
WHERE sample_ts >= {from_ts:DateTime64(3, 'UTC')} AND sample_ts < {to_ts:DateTime64(3, 'UTC')}
GROUP BY hour
ORDER BY hour;
