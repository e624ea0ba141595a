-- When this fails, a fact has a NaN or infinite value: every mean over it is NaN or infinite, too, and filters silently
-- leave the row out.
-- LAYER: silver

-- TEST: silver_floats_are_finite
WITH judged AS (
    SELECT
        'fact_stream_status_samples' AS object,
        toString(source_event_uid) AS id,
        arrayExists(
            value -> ifNull(NOT isFinite(value), 0),
            [
                output_fps, input_fps, gpu_attribution_confidence
            ]
        ) AS is_wrong
    FROM fact_stream_status_samples
    WHERE
        sample_ts >= {from_ts:DateTime64(3, 'UTC')}
        AND sample_ts < {to_ts:DateTime64(3, 'UTC')}
    UNION ALL
    SELECT
        'fact_stream_ingest_samples' AS object,
        toString(source_event_uid) AS id,
        arrayExists(
            value -> ifNull(NOT isFinite(value), 0),
            [
                video_jitter, audio_jitter, video_latency, audio_latency
            ]
        ) AS is_wrong
    FROM fact_stream_ingest_samples
    WHERE
        sample_ts >= {from_ts:DateTime64(3, 'UTC')}
        AND sample_ts < {to_ts:DateTime64(3, 'UTC')}
)

SELECT
    countIf(is_wrong) AS failed_rows,
    count() AS rows_checked,
    groupArrayIf(20)((object, id), is_wrong) AS object_and_row,
    if(rows_checked = 0, 'nothing to judge: no sample in the window', '') AS skip_reason
FROM judged;

-- MUTATION: jitter is no number
ALTER TABLE fact_stream_ingest_samples UPDATE audio_jitter = nan
WHERE source_event_uid = (SELECT max(source_event_uid) FROM fact_stream_ingest_samples);

-- MUTATION: a latency without an end
ALTER TABLE fact_stream_ingest_samples UPDATE video_latency = -inf
WHERE source_event_uid = (SELECT min(source_event_uid) FROM fact_stream_ingest_samples);
