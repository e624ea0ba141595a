-- When this fails, advertised capabilities are lost or invented on the way into the typed tables: capacity, prices and
-- GPU attribution use only a part of the network. An accepted event must have a row in every typed table for which it
-- has content. An empty array, or an orchestrator without hardware, correctly has no row in that table.
-- LAYER: typed

-- TEST: raw_typed_network_capabilities_fanout_guard
WITH
refused AS (
    SELECT source_topic, source_partition, source_offset
    FROM record_dispositions
    WHERE disposition != 'accepted'
    UNION DISTINCT
    SELECT source_topic, source_partition, source_offset
    FROM merge(concat('^(', arrayStringConcat({reject_tables:Array(String)}, '|'), ')$'))
),

raw_events AS (
    SELECT
        event_uid AS uid,
        (source_topic, source_partition, source_offset) NOT IN (SELECT * FROM refused) AS is_accepted,
        if(JSONType(data) = 'Array', JSONExtractArrayRaw(data), [data]) AS orchestrators,
        arrayExists(o -> JSONLength(o, 'hardware') > 0, orchestrators) AS has_hardware,
        arrayExists(o -> JSONLength(o, 'capabilities_prices') > 0, orchestrators) AS has_prices,
        arrayExists(
            o -> arrayExists(key -> match(key, '^[0-9]+$'), JSONExtractKeys(o, 'capabilities', 'capacities')),
            orchestrators
        ) AS has_capacities,
        arrayExists(
            o -> arrayExists(
                capability -> match(capability.1, '^[0-9]+$') AND JSONLength(capability.2, 'models') > 0,
                JSONExtractKeysAndValuesRaw(o, 'capabilities', 'constraints', 'PerCapability')
            ),
            orchestrators
        ) AS has_models
    FROM streaming_events
    WHERE
        type = 'network_capabilities'
        AND event_timestamp >= {from_ts:DateTime64(3, 'UTC')}
        AND event_timestamp < {to_ts:DateTime64(3, 'UTC')}
),

sides AS (
    SELECT
        uid,
        1 AS raw_rows,
        is_accepted,
        arrayConcat(
            if(is_accepted AND has_hardware, ['network_capabilities'], []),
            if(is_accepted AND has_capacities, ['network_capabilities_advertised'], []),
            if(is_accepted AND has_models, ['network_capabilities_model_constraints'], []),
            if(is_accepted AND has_prices, ['network_capabilities_prices'], [])
        ) AS wanted,
        [] AS found
    FROM raw_events
    UNION ALL
    SELECT
        raw_event_uid AS uid,
        0 AS raw_rows,
        0 AS is_accepted,
        [] AS wanted,
        [toString(_table)] AS found
    FROM merge('^network_capabilities(_advertised|_model_constraints|_prices)?$')
    WHERE event_timestamp >= {from_ts:DateTime64(3, 'UTC')} AND event_timestamp < {to_ts:DateTime64(3, 'UTC')}
),

by_id AS (
    SELECT
        uid,
        sum(raw_rows) AS raw_rows,
        max(is_accepted) AS is_accepted,
        groupArrayArray(found) AS found_shapes,
        countEqual(found_shapes, 'network_capabilities') AS snapshot_rows,
        arrayFilter(shape -> NOT has(found_shapes, shape), groupUniqArrayArray(wanted)) AS missing_shapes
    FROM sides
    GROUP BY uid
)

SELECT
    countIf(notEmpty(missing_shapes)) + countIf(raw_rows = 0) AS failed_rows,
    sum(raw_rows) AS total_raw_rows,
    countIf(raw_rows > 0) AS raw_distinct_ids,
    countIf(is_accepted) AS accepted_rows_est,
    sum(snapshot_rows) AS typed_rows,
    countIf(snapshot_rows > 0) AS typed_distinct_source_events,
    if(typed_distinct_source_events = 0, 0, typed_rows / typed_distinct_source_events) AS avg_fanout_per_source_event,
    groupArrayIf(20)((uid, missing_shapes), notEmpty(missing_shapes)) AS id_and_missing_tables,
    groupArrayIf(20)(uid, raw_rows = 0) AS ids_without_raw,
    if(count() = 0, 'nothing to judge: no capability event in the window', '') AS skip_reason
FROM by_id;

-- MUTATION: an event loses its snapshot rows
DELETE FROM network_capabilities
WHERE (source_partition, source_offset) = (
    SELECT source_partition, source_offset FROM network_capabilities ORDER BY source_partition, source_offset LIMIT 1
);

-- MUTATION: rows of an event that never arrived
ALTER TABLE network_capabilities UPDATE raw_event_uid = 'made up'
WHERE (source_partition, source_offset) = (
    SELECT source_partition, source_offset FROM network_capabilities ORDER BY source_partition, source_offset LIMIT 1
);
