-- When this fails, no orchestrator announced its capabilities: every session of the window stays without an
-- orchestrator, a model and a GPU, even if its own events are healthy. In a replay, the events published in the window
-- are required. In an observation, an announcement is required when streams name an orchestrator: it must be at most a
-- day old, which is the lifetime of an announcement.
-- LAYER: raw

-- TEST: raw_typed_network_capabilities_expected_in_window
WITH
named AS (
    SELECT count() AS signals
    FROM merge('^(ai_stream_status|stream_trace_events)$')
    WHERE
        event_timestamp >= {from_ts:DateTime64(3, 'UTC')}
        AND event_timestamp < {to_ts:DateTime64(3, 'UTC')}
        AND orchestrator_address != ''
),

found AS (
    SELECT
        countIf(is_inside AND type = 'network_capabilities') AS raw_rows,
        countIf(type = 'network_capabilities') AS raw_rows_of_the_day,
        countIf(is_inside) AS records,
        notEmpty({published_in_window:Map(String, UInt64)}) AS is_replay,
        {published_in_window:Map(String, UInt64)}['network_capabilities'] AS published,
        (SELECT signals FROM named) AS signals_that_name_an_orchestrator
    FROM (
        SELECT type, event_timestamp >= {from_ts:DateTime64(3, 'UTC')} AS is_inside
        FROM streaming_events
        WHERE
            event_timestamp >= {from_ts:DateTime64(3, 'UTC')} - INTERVAL 1 DAY
            AND event_timestamp < {to_ts:DateTime64(3, 'UTC')}
    ) AS events
)

SELECT
    *,
    raw_rows = 0 AND if(
        is_replay, published > 0, signals_that_name_an_orchestrator > 0 AND raw_rows_of_the_day = 0
    ) AS failed_rows,
    multiIf(
        failed_rows OR raw_rows > 0, '',
        is_replay, 'nothing to judge: no capability event was published in the window',
        signals_that_name_an_orchestrator = 0, 'nothing to judge: no event of the window names an orchestrator',
        ''
    ) AS skip_reason,
    if(is_replay AND skip_reason != '', 'the ledger', '') AS explained_by
FROM found;

-- MUTATION: no capability event arrives
DELETE FROM streaming_events
WHERE type = 'network_capabilities';
