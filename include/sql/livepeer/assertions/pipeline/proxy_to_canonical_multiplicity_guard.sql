-- When this fails, several orchestrators announce one host of one proxy wallet: wallet and URL together do not identify
-- the orchestrator, so sessions stay without one or get the wrong one. Several orchestrators behind one proxy, each
-- with its own hosts, are only a warning, because the URL identifies them.
-- LAYER: typed

-- TEST: proxy_to_canonical_multiplicity_guard
WITH
hosts AS (
    SELECT lower(local_address) AS proxy, orch_uri AS url, groupUniqArray(lower(orchestrator_address)) AS wallets
    FROM network_capabilities
    WHERE
        event_timestamp >= {from_ts:DateTime64(3, 'UTC')}
        AND event_timestamp < {to_ts:DateTime64(3, 'UTC')}
        AND local_address != ''
        AND orchestrator_address != ''
    GROUP BY proxy, url
),

proxies AS (
    SELECT
        proxy,
        count() AS urls,
        countIf(length(wallets) > 1) AS shared_urls,
        length(groupUniqArrayArray(wallets)) AS wallets_behind,
        groupArrayIf((proxy, url, wallets), length(wallets) > 1) AS shared_hosts
    FROM hosts
    GROUP BY proxy
)

SELECT
    sum(shared_urls) AS failed_rows,
    multiIf(failed_rows > 0, 'FAIL', shared_proxies > 0, 'WARN', 'PASS') AS status,
    count() AS proxies_checked,
    sum(urls) AS hosts_checked,
    countIf(wallets_behind > 1) AS shared_proxies,
    groupArrayIf(20)(proxy, wallets_behind > 1) AS proxies_of_several_wallets,
    arraySlice(groupArrayArray(shared_hosts), 1, 20) AS proxy_url_and_wallets,
    if(count() = 0, 'nothing to judge: no typed capability with a proxy wallet in the window', '') AS skip_reason
FROM proxies;

-- MUTATION: a second orchestrator announces the host of another one
INSERT INTO network_capabilities
(
    event_timestamp, source_event_id, orchestrator_address, local_address, orch_uri, pipeline, model_id, gpu_id,
    capability_id, capability_name, capability_group, raw_event_uid, source_topic, source_partition, source_offset
)
SELECT
    event_timestamp,
    source_event_id,
    '0x00000000000000000000000000000000000000ff',
    local_address,
    orch_uri,
    pipeline,
    model_id,
    gpu_id,
    capability_id,
    capability_name,
    capability_group,
    raw_event_uid,
    source_topic,
    source_partition,
    source_offset
FROM network_capabilities
ORDER BY orchestrator_address, event_timestamp
LIMIT 1;
