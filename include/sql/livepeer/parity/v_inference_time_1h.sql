-- How long streams ran in each hour: each health sample vouches for the time until its session's next one, a minute at
-- most. Minutes of inference, and what is charged for them, are read from here.

-- QUERY: v_inference_time_1h
WITH
samples_in_order AS (
    SELECT
        arraySort(groupArray((
            toUnixTimestamp64Milli(sample_ts), source_event_uid, gateway, orchestrator_address, pipeline,
            coalesce(model_id, ''), coalesce(gpu_id, ''), coalesce(region, '')
        ))) AS samples
    FROM fact_stream_status_samples
    GROUP BY workflow_session_id
),

-- The last sample of a session is paired with itself: nothing is known of the time after it.
pairs AS (
    SELECT arrayJoin(arrayZip(samples, arrayPushBack(arrayPopFront(samples), samples[-1]))) AS pair
    FROM samples_in_order
),

spans AS (
    SELECT
        fromUnixTimestamp64Milli(pair.1.1 - positiveModulo(pair.1.1, 3600000), 'UTC') AS window_start,
        pair.1.3 AS gateway,
        pair.1.4 AS orchestrator_address,
        pair.1.5 AS pipeline,
        pair.1.6 AS model_id,
        pair.1.7 AS gpu_id,
        pair.1.8 AS region,
        toUInt64(least(pair.2.1 - pair.1.1, 60000)) AS span_ms
    FROM pairs
)

SELECT
    window_start,
    gateway,
    orchestrator_address,
    pipeline,
    model_id,
    gpu_id,
    region,
    sum(span_ms) AS inference_ms
FROM spans
GROUP BY window_start, gateway, orchestrator_address, pipeline, model_id, gpu_id, region;
