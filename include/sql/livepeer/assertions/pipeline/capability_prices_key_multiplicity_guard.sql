-- When this fails, one capability of one host has several prices in the same announcement: a join with prices
-- multiplies rows, and a merge keeps an arbitrary price.
-- LAYER: typed

-- TEST: capability_prices_key_multiplicity_guard
WITH
by_key AS (
    SELECT
        what,
        uid,
        orchestrator,
        proxy,
        url,
        capability_id,
        constraint_name,
        count() AS found
    FROM (
        SELECT
            'typed' AS what,
            raw_event_uid AS uid,
            lower(orchestrator_address) AS orchestrator,
            lower(local_address) AS proxy,
            orch_uri AS url,
            capability_id,
            ifNull(constraint_name, '') AS constraint_name
        FROM network_capabilities_prices
        WHERE event_timestamp >= {from_ts:DateTime64(3, 'UTC')} AND event_timestamp < {to_ts:DateTime64(3, 'UTC')}
        UNION ALL
        SELECT
            'dimension' AS what,
            source_event_uid AS uid,
            orchestrator_address AS orchestrator,
            orchestrator_proxy_address AS proxy,
            orchestrator_url AS url,
            capability_id,
            ifNull(constraint_name, '') AS constraint_name
        FROM dim_orchestrator_capability_prices
        WHERE snapshot_ts >= {from_ts:DateTime64(3, 'UTC')} AND snapshot_ts < {to_ts:DateTime64(3, 'UTC')}
    ) AS prices
    GROUP BY what, uid, orchestrator, proxy, url, capability_id, constraint_name
)

SELECT
    countIf(found > 1) AS failed_rows,
    count() AS groups_checked,
    countIf(found > 1) AS duplicate_groups,
    sumIf(found - 1, found > 1) AS duplicate_rows,
    max(found) AS max_rows_in_group,
    groupArrayIf(20)(
        (what, uid, orchestrator, url, capability_id, constraint_name, found), found > 1
    ) AS duplicate_keys_and_rows,
    if(count() = 0, 'nothing to judge: no price in the window', '') AS skip_reason
FROM by_key;

-- MUTATION: a second price in the dimension
INSERT INTO dim_orchestrator_capability_prices
SELECT * FROM dim_orchestrator_capability_prices
ORDER BY source_event_uid
LIMIT 1;

-- MUTATION: an announcement is typed twice
INSERT INTO network_capabilities_prices
SELECT * FROM network_capabilities_prices
ORDER BY raw_event_uid
LIMIT 1;
