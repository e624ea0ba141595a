-- When this fails, typed capability events are missing from a dimension: capacity, prices and GPUs of the window come
-- from older snapshots. Every event is compared, because a single event that arrived would hide the loss of the others.
-- LAYER: typed

-- TEST: capability_dimensions_projecting
WITH
sides AS (
    SELECT 'snapshots' AS shape, raw_event_uid AS uid, 0 AS in_dimension
    FROM network_capabilities
    WHERE event_timestamp >= {from_ts:DateTime64(3, 'UTC')} AND event_timestamp < {to_ts:DateTime64(3, 'UTC')}
    UNION ALL
    SELECT 'snapshots' AS shape, source_event_uid AS uid, 1 AS in_dimension
    FROM dim_orchestrator_capability_snapshots
    WHERE snapshot_ts >= {from_ts:DateTime64(3, 'UTC')} AND snapshot_ts < {to_ts:DateTime64(3, 'UTC')}
    UNION ALL
    SELECT 'advertised' AS shape, raw_event_uid AS uid, 0 AS in_dimension
    FROM network_capabilities_advertised
    WHERE event_timestamp >= {from_ts:DateTime64(3, 'UTC')} AND event_timestamp < {to_ts:DateTime64(3, 'UTC')}
    UNION ALL
    SELECT 'advertised' AS shape, source_event_uid AS uid, 1 AS in_dimension
    FROM dim_orchestrator_capability_advertised_snapshots
    WHERE snapshot_ts >= {from_ts:DateTime64(3, 'UTC')} AND snapshot_ts < {to_ts:DateTime64(3, 'UTC')}
    UNION ALL
    SELECT 'model constraints' AS shape, raw_event_uid AS uid, 0 AS in_dimension
    FROM network_capabilities_model_constraints
    WHERE event_timestamp >= {from_ts:DateTime64(3, 'UTC')} AND event_timestamp < {to_ts:DateTime64(3, 'UTC')}
    UNION ALL
    SELECT 'model constraints' AS shape, source_event_uid AS uid, 1 AS in_dimension
    FROM dim_orchestrator_capability_model_constraints
    WHERE snapshot_ts >= {from_ts:DateTime64(3, 'UTC')} AND snapshot_ts < {to_ts:DateTime64(3, 'UTC')}
    UNION ALL
    SELECT 'prices' AS shape, raw_event_uid AS uid, 0 AS in_dimension
    FROM network_capabilities_prices
    WHERE event_timestamp >= {from_ts:DateTime64(3, 'UTC')} AND event_timestamp < {to_ts:DateTime64(3, 'UTC')}
    UNION ALL
    SELECT 'prices' AS shape, source_event_uid AS uid, 1 AS in_dimension
    FROM dim_orchestrator_capability_prices
    WHERE snapshot_ts >= {from_ts:DateTime64(3, 'UTC')} AND snapshot_ts < {to_ts:DateTime64(3, 'UTC')}
),

by_event AS (
    SELECT
        shape,
        uid,
        countIf(NOT in_dimension) AS typed_rows,
        countIf(in_dimension) AS dim_rows,
        typed_rows > 0 AND dim_rows = 0 AS is_lost
    FROM sides
    GROUP BY shape, uid
)

SELECT
    uniqExactIf(shape, is_lost) AS failed_rows,
    sumIf(typed_rows, shape = 'snapshots') AS caps_rows,
    sumIf(dim_rows, shape = 'snapshots') AS dim_caps_rows,
    sumIf(typed_rows, shape = 'advertised') AS adv_rows,
    sumIf(dim_rows, shape = 'advertised') AS dim_adv_rows,
    sumIf(typed_rows, shape = 'model constraints') AS mc_rows,
    sumIf(dim_rows, shape = 'model constraints') AS dim_mc_rows,
    sumIf(typed_rows, shape = 'prices') AS price_rows,
    sumIf(dim_rows, shape = 'prices') AS dim_price_rows,
    countIf(is_lost) AS lost_events,
    groupArrayIf(20)((shape, uid), is_lost) AS shape_and_event,
    if(sum(typed_rows) = 0, 'nothing to judge: no typed capability in the window', '') AS skip_reason
FROM by_event;

-- MUTATION: a dimension is empty
DELETE FROM dim_orchestrator_capability_advertised_snapshots WHERE 1;

-- MUTATION: one event did not get through
DELETE FROM dim_orchestrator_capability_prices
WHERE source_event_uid = (SELECT max(raw_event_uid) FROM network_capabilities_prices);
