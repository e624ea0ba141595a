-- When this fails, a measurement of an event was stored as NaN or infinite. JSON has no such number, so it comes from a
-- division by zero or a value beyond the column. Every mean over it is NaN or infinite, too.
-- LAYER: typed

-- TEST: typed_floats_are_finite
WITH judged AS (
    SELECT
        'ai_stream_status' AS object,
        toString(raw_event_uid) AS id,
        arrayExists(
            value -> ifNull(NOT isFinite(value), 0),
            [
                output_fps, input_fps
            ]
        ) AS is_wrong
    FROM ai_stream_status
    WHERE
        event_timestamp >= {from_ts:DateTime64(3, 'UTC')}
        AND event_timestamp < {to_ts:DateTime64(3, 'UTC')}
    UNION ALL
    SELECT
        'stream_ingest_metrics' AS object,
        toString(raw_event_uid) AS id,
        arrayExists(
            value -> ifNull(NOT isFinite(value), 0),
            [
                video_jitter, video_packet_loss_pct, video_rtt, video_last_input_ts, video_latency, audio_jitter,
                audio_packet_loss_pct, audio_rtt, audio_last_input_ts, audio_latency
            ]
        ) AS is_wrong
    FROM stream_ingest_metrics
    WHERE
        event_timestamp >= {from_ts:DateTime64(3, 'UTC')}
        AND event_timestamp < {to_ts:DateTime64(3, 'UTC')}
)

SELECT
    countIf(is_wrong) AS failed_rows,
    count() AS rows_checked,
    groupArrayIf(20)((object, id), is_wrong) AS object_and_row,
    if(
        rows_checked = 0, 'nothing to judge: no health sample and no transport statistics in the window', ''
    ) AS skip_reason
FROM judged;

-- MUTATION: jitter is no number
ALTER TABLE stream_ingest_metrics UPDATE video_jitter = nan
WHERE raw_event_uid = (SELECT max(raw_event_uid) FROM stream_ingest_metrics);

-- MUTATION: a round trip that never ends
ALTER TABLE stream_ingest_metrics UPDATE audio_rtt = inf
WHERE raw_event_uid = (SELECT min(raw_event_uid) FROM stream_ingest_metrics);
