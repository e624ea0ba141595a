-- When this fails, milestones were lost, duplicated or invented on the way to the facts: the facts no longer explain
-- swaps and start times.
-- Rows are matched by event, whatever the time of the fact, and counted on both sides, because one lost row and one
-- duplicated row cancel in a total.
-- LAYER: silver

-- TEST: trace_raw_to_silver_projection
WITH
sides AS (
    SELECT
        raw_event_uid AS uid,
        0 AS is_silver,
        data_timestamp AS moment,
        event_timestamp >= {from_ts:DateTime64(3, 'UTC')}
        AND event_timestamp < {to_ts:DateTime64(3, 'UTC')} AS is_inside,
        '' AS workflow_session_id
    FROM stream_trace_events
    UNION ALL
    SELECT
        source_event_uid AS uid,
        1 AS is_silver,
        edge_ts AS moment,
        edge_ts >= {from_ts:DateTime64(3, 'UTC')}
        AND edge_ts < {to_ts:DateTime64(3, 'UTC')} AS is_inside,
        workflow_session_id
    FROM fact_stream_trace_edges
),

by_event AS (
    SELECT
        uid,
        countIf(NOT is_silver) AS typed_count,
        countIf(is_silver) AS silver_count,
        minIf(moment, NOT is_silver) != minIf(moment, is_silver) AS other_time,
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
    if(count() = 0, 'nothing to judge: no typed milestone and no fact of one in the window', '') AS skip_reason
FROM by_event;

-- MUTATION: a row is lost
DELETE FROM fact_stream_trace_edges
WHERE source_event_uid = (SELECT max(source_event_uid) FROM fact_stream_trace_edges);

-- MUTATION: a row is written twice
INSERT INTO fact_stream_trace_edges
SELECT * FROM fact_stream_trace_edges
ORDER BY source_event_uid
LIMIT 1;

-- MUTATION: a row that no typed row explains
INSERT INTO fact_stream_trace_edges (edge_ts, workflow_session_id, source_event_uid)
SELECT edge_ts, workflow_session_id, 'made up' FROM fact_stream_trace_edges
ORDER BY source_event_uid
LIMIT 1;

-- MUTATION: one event has no row and another one has two, so that totals agree
ALTER TABLE fact_stream_trace_edges UPDATE source_event_uid = (
    SELECT max(source_event_uid) FROM fact_stream_trace_edges
)
WHERE source_event_uid = (SELECT min(source_event_uid) FROM fact_stream_trace_edges);

-- MUTATION: a row tells another time
CREATE OR REPLACE TABLE fact_stream_trace_edges ENGINE = MergeTree ORDER BY edge_ts
AS SELECT
    edge_ts + toIntervalMillisecond(
        assumeNotNull(source_event_uid = (SELECT max(other.source_event_uid) FROM fact_stream_trace_edges AS other))
    ) AS edge_ts,
    * EXCEPT (edge_ts)
FROM fact_stream_trace_edges;

-- MUTATION: the typed table is empty, and facts stand over it
DELETE FROM stream_trace_events WHERE 1;
