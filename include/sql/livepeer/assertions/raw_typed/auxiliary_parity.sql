-- When this fails, payments or discoveries were lost or written twice: fees are wrong, or orchestrators seem to have
-- left. An accepted payment is one row; an accepted discovery cycle is one row per orchestrator that it lists.
-- LAYER: typed

-- TEST: raw_typed_auxiliary_parity
WITH
refused AS (
    SELECT source_topic, source_partition, source_offset
    FROM record_dispositions
    WHERE disposition != 'accepted'
    UNION DISTINCT
    SELECT source_topic, source_partition, source_offset
    FROM merge(concat('^(', arrayStringConcat({reject_tables:Array(String)}, '|'), ')$'))
),

wanted AS (
    SELECT
        type AS event_type,
        event_uid AS uid,
        max(if(type = 'discovery_results', JSONLength(data), 1)) AS wanted_rows
    FROM streaming_events
    WHERE
        type IN ('create_new_payment', 'discovery_results')
        AND event_timestamp >= {from_ts:DateTime64(3, 'UTC')} AND event_timestamp < {to_ts:DateTime64(3, 'UTC')}
        AND (source_topic, source_partition, source_offset) NOT IN (SELECT * FROM refused)
    GROUP BY event_type, uid
),

typed AS (
    SELECT
        transform(_table, ['payment_events'], ['create_new_payment'], _table) AS event_type,
        raw_event_uid AS uid,
        count() AS typed_rows
    FROM merge('^(payment_events|discovery_results)$')
    WHERE event_timestamp >= {from_ts:DateTime64(3, 'UTC')} AND event_timestamp < {to_ts:DateTime64(3, 'UTC')}
    GROUP BY event_type, uid
),

compared AS (
    SELECT
        event_type,
        uid,
        sum(wanted_rows) AS wanted_rows,
        sum(typed_rows) AS typed_rows
    FROM (
        SELECT event_type, uid, wanted_rows, 0 AS typed_rows FROM wanted
        UNION ALL
        SELECT event_type, uid, 0 AS wanted_rows, typed_rows FROM typed
    ) AS sides
    GROUP BY event_type, uid
)

SELECT
    countIf(wanted_rows != typed_rows) AS failed_rows,
    sumIf(wanted_rows, event_type = 'create_new_payment') AS payment_rows_wanted,
    sumIf(typed_rows, event_type = 'create_new_payment') AS payment_rows,
    sumIf(wanted_rows, event_type = 'discovery_results') AS discovery_rows_wanted,
    sumIf(typed_rows, event_type = 'discovery_results') AS discovery_rows,
    groupArrayIf(20)((event_type, uid, wanted_rows, typed_rows), wanted_rows != typed_rows) AS type_id_wanted_typed,
    if(count() = 0, 'nothing to judge: no payment and no discovery event in the window', '') AS skip_reason
FROM compared;

-- MUTATION: a payment is lost
DELETE FROM payment_events
WHERE (source_partition, source_offset) = (
    SELECT source_partition, source_offset FROM payment_events ORDER BY source_partition, source_offset LIMIT 1
);

-- MUTATION: a discovered orchestrator is written twice
INSERT INTO discovery_results
SELECT * FROM discovery_results
ORDER BY source_partition, source_offset
LIMIT 1;
