-- When this fails, health samples were lost, duplicated or invented on the way to the facts: frame rates and inference
-- minutes are wrong although every single row looks plausible.
-- Rows are matched by event, whatever the time of the fact, and counted on both sides, because one lost row and one
-- duplicated row cancel in a total.
-- LAYER: silver

-- TEST: status_raw_to_silver_projection
WITH
sides AS (
    SELECT
        raw_event_uid AS uid,
        0 AS is_silver,
        event_timestamp AS moment,
        event_timestamp >= {from_ts:DateTime64(3, 'UTC')}
        AND event_timestamp < {to_ts:DateTime64(3, 'UTC')} AS is_inside,
        '' AS workflow_session_id
    FROM ai_stream_status
    UNION ALL
    SELECT
        source_event_uid AS uid,
        1 AS is_silver,
        sample_ts AS moment,
        sample_ts >= {from_ts:DateTime64(3, 'UTC')}
        AND sample_ts < {to_ts:DateTime64(3, 'UTC')} AS is_inside,
        workflow_session_id
    FROM fact_stream_status_samples
),

by_event AS (
    SELECT
        uid,
        countIf(NOT is_silver) AS typed_count,
        countIf(is_silver) AS silver_count,
        arraySort(groupArrayIf(moment, NOT is_silver)) != arraySort(groupArrayIf(moment, is_silver)) AS other_time,
        multiIf(
            silver_count < typed_count, 'missing',
            typed_count = 0, 'unexplained',
            silver_count > typed_count, 'multiplied',
            other_time, 'at another time',
            ''
        ) AS fault,
        max(workflow_session_id) AS workflow_session_id
    FROM sides
    GROUP BY uid
    HAVING max(is_inside)
)

SELECT
    countIf(fault != '') AS failed_rows,
    sum(typed_count) AS typed_rows,
    countIf(typed_count > 0 AND silver_count > 0) AS projected_rows,
    countIf(fault = 'missing') AS missing_in_silver,
    countIf(fault = 'multiplied') AS multiplied_in_silver,
    countIf(fault = 'unexplained') AS silver_without_typed,
    countIf(fault = 'at another time') AS silver_at_another_time,
    groupArrayIf(20)((fault, uid), fault != '') AS fault_and_event,
    groupUniqArrayIf(20)(
        workflow_session_id, fault != '' AND workflow_session_id != ''
    ) AS failing_workflow_session_ids,
    if(count() = 0, 'nothing to judge: no typed health sample and no fact of one in the window', '') AS skip_reason
FROM by_event;

-- MUTATION: a row is lost
DELETE FROM fact_stream_status_samples
WHERE source_event_uid = (SELECT max(source_event_uid) FROM fact_stream_status_samples);

-- MUTATION: a row is written twice
INSERT INTO fact_stream_status_samples
SELECT * FROM fact_stream_status_samples
ORDER BY source_event_uid
LIMIT 1;

-- MUTATION: a row that no typed row explains
INSERT INTO fact_stream_status_samples
(
    sample_ts, workflow_session_id, stream_id, request_id, gateway, orchestrator_address, orchestrator_url, pipeline,
    model_id, gpu_id, state, output_fps, is_attributed, gpu_attribution_method, gpu_attribution_confidence,
    source_event_uid, source_topic, source_partition, source_offset
)
SELECT
    sample_ts,
    workflow_session_id,
    stream_id,
    request_id,
    gateway,
    orchestrator_address,
    orchestrator_url,
    pipeline,
    model_id,
    gpu_id,
    state,
    output_fps,
    is_attributed,
    gpu_attribution_method,
    gpu_attribution_confidence,
    'made up',
    source_topic,
    source_partition,
    source_offset + 1000000
FROM fact_stream_status_samples
ORDER BY source_event_uid
LIMIT 1;

-- MUTATION: one event has no row and another one has two, so that totals agree
ALTER TABLE fact_stream_status_samples UPDATE source_event_uid = (
    SELECT max(source_event_uid) FROM fact_stream_status_samples
)
WHERE source_event_uid = (SELECT min(source_event_uid) FROM fact_stream_status_samples);

-- MUTATION: a row tells another time
CREATE OR REPLACE TABLE fact_stream_status_samples ENGINE = MergeTree ORDER BY sample_ts
AS SELECT
    sample_ts + toIntervalMillisecond(
        assumeNotNull(source_event_uid = (SELECT max(other.source_event_uid) FROM fact_stream_status_samples AS other))
    ) AS sample_ts,
    * EXCEPT (sample_ts)
FROM fact_stream_status_samples;

-- MUTATION: the typed table is empty, and facts stand over it
DELETE FROM ai_stream_status WHERE 1;
