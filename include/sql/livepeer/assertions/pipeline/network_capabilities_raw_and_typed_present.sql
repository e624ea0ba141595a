-- When this fails, announcements of models and GPUs did not arrive, or arrived and were not typed: every session of the
-- window stays without an orchestrator. A window without announcements has nothing to type; whether it needs one is
-- checked by raw_typed_network_capabilities_expected_in_window.
-- LAYER: typed

-- TEST: network_capabilities_raw_and_typed_present
WITH
refused AS (
    SELECT source_topic, source_partition, source_offset
    FROM merge(concat('^(', arrayStringConcat({reject_tables:Array(String)}, '|'), ')$'))
),

found AS (
    SELECT
        'raw' AS what,
        -- An announcement without hardware may have no row here, and one that exceeds the row size is rejected.
        (source_topic, source_partition, source_offset) NOT IN (SELECT * FROM refused)
        AND length(payload) < 500000
        AND arrayExists(
            o -> JSONLength(o, 'hardware') > 0, if(JSONType(data) = 'Array', JSONExtractArrayRaw(data), [data])
        ) AS must_be_typed
    FROM streaming_events
    WHERE
        type = 'network_capabilities'
        AND event_timestamp >= {from_ts:DateTime64(3, 'UTC')}
        AND event_timestamp < {to_ts:DateTime64(3, 'UTC')}
    UNION ALL
    SELECT 'typed' AS what, 0 AS must_be_typed
    FROM network_capabilities
    WHERE event_timestamp >= {from_ts:DateTime64(3, 'UTC')} AND event_timestamp < {to_ts:DateTime64(3, 'UTC')}
)

SELECT
    (raw_rows = 0 AND (typed_rows > 0 OR published > 0)) OR (typed_rows = 0 AND rows_to_be_typed > 0) AS failed_rows,
    {published_in_window:Map(String, UInt64)}['network_capabilities'] AS published,
    countIf(what = 'raw') AS raw_rows,
    sum(must_be_typed) AS rows_to_be_typed,
    countIf(what = 'typed') AS typed_rows,
    if(
        NOT failed_rows AND typed_rows = 0,
        'nothing to judge: no capability event in the window that was accepted and lists hardware',
        ''
    ) AS skip_reason
FROM found;

-- MUTATION: no capability event arrives
DELETE FROM streaming_events WHERE type = 'network_capabilities';

-- MUTATION: no capability is typed
DELETE FROM network_capabilities WHERE 1;
