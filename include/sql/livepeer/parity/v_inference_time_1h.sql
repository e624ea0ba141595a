-- The time that streams ran in each hour: each health sample counts for the time until its session's next one, at most
-- a minute. When it differs, minutes of inference and the charges for them are wrong.

-- QUERY: v_inference_time_1h
WITH
-- The last sample of a session counts for no time, because no sample follows it.
samples AS (
    SELECT
        sample_ts - toIntervalMillisecond(positiveModulo(toUnixTimestamp64Milli(sample_ts), 3600000)) AS window_start,
        gateway,
        orchestrator_address,
        pipeline,
        coalesce(model_id, '') AS model,
        coalesce(gpu_id, '') AS gpu,
        coalesce(region, '') AS place,
        toUnixTimestamp64Milli(sample_ts) AS at_ms,
        max(toNullable(toUnixTimestamp64Milli(sample_ts))) OVER (
            PARTITION BY workflow_session_id
            ORDER BY sample_ts ASC, source_event_uid ASC
            ROWS BETWEEN 1 FOLLOWING AND 1 FOLLOWING
        ) AS next_ms
    FROM fact_stream_status_samples
)

SELECT
    window_start,
    gateway,
    orchestrator_address,
    pipeline,
    model AS model_id,
    gpu AS gpu_id,
    place AS region,
    toUInt64(sum(least(coalesce(next_ms, at_ms) - at_ms, 60000))) AS inference_ms
FROM samples
GROUP BY window_start, gateway, orchestrator_address, pipeline, model, gpu, place;
