-- The capability snapshots that attribution needs for the given sessions. A session's signals and facts name wallets,
-- proxies or canonical ones. For each pair of wallets, host and model that was ever announced under one of these, the
-- nearest snapshot before the session is taken, however old it is, and those announced while the session ran. One
-- record announces many hosts, and is taken as a whole.

-- QUERY: capability_records
WITH
given AS (
    SELECT
        arrayJoin(arrayZip(
            arrayEnumerate({entity_ids:Array(String)}),
            {entity_ids:Array(String)},
            {entity_starts:Array(Int64)},
            {entity_ends:Array(Int64)}
        )) AS entity
),

sessions AS (
    SELECT
        toUInt32(entity.1 - 1) AS entity_number,
        entity.2 AS workflow_session_id,
        fromUnixTimestamp64Milli(entity.3, 'UTC') AS start_ts,
        -- A snapshot counts up to a second after a signal: clocks differ a bit.
        fromUnixTimestamp64Milli(entity.4, 'UTC') + toIntervalSecond(1) AS end_ts,
        if(
            startsWith(entity.2, '_missing_stream|_missing_request|'),
            concat('|', substring(entity.2, 34)),
            replaceRegexpOne(replaceRegexpOne(entity.2, '^_missing_stream[|]', '|'), '[|]_missing_request$', '|')
        ) AS named
    FROM given
),

-- Older versions of a fact may name further wallets. Their snapshots do no harm.
naming AS (
    SELECT
        lower(trimBoth(orchestrator_address)) AS wallet,
        concat(trimBoth(stream_id), '|', trimBoth(request_id)) AS ids,
        if(ids = '|', concat('|', raw_event_uid), ids) AS named
    FROM merge('^(ai_stream_status|stream_trace_events)$')
    WHERE
        event_date >= toDate({scan_from:DateTime64(3, 'UTC')})
        AND event_date <= toDate({scan_to:DateTime64(3, 'UTC')})
    UNION ALL
    SELECT
        lower(orchestrator_address) AS wallet,
        '' AS ids,
        workflow_session_id AS named
    FROM merge('^fact_workflow_(sessions|session_segments)$')
    WHERE workflow_session_id IN {entity_ids:Array(String)}
),

names AS (
    SELECT entity_number, start_ts, end_ts, arrayJoin([named, workflow_session_id]) AS named FROM sessions
),

wallets AS (
    SELECT DISTINCT names.entity_number AS entity_number, start_ts, end_ts, wallet
    FROM naming
    INNER JOIN names ON naming.named = names.named
    WHERE wallet != ''
),

-- Before the first session of the batch, only the newest snapshot of each kind can be the nearest one.
announced AS (
    SELECT
        lower(trimBoth(orchestrator_address)) AS canonical,
        lower(trimBoth(local_address)) AS proxy,
        lower(trimBoth(orch_uri)) AS host,
        lower(model_id) AS model,
        max((event_timestamp, source_topic, source_partition, source_offset)) AS snapshot
    FROM network_capabilities
    WHERE
        event_timestamp <= {scan_to:DateTime64(3, 'UTC')} + toIntervalMinute({capability_window_minutes:UInt32})
        AND (
            NOT {capability_restrict_to_global_window:UInt8}
            OR (event_timestamp >= {from_ts:DateTime64(3, 'UTC')} AND event_timestamp < {to_ts:DateTime64(3, 'UTC')})
        )
    GROUP BY
        canonical,
        proxy,
        host,
        model,
        if(
            event_timestamp < {scan_from:DateTime64(3, 'UTC')},
            tuple(toDateTime64(0, 3, 'UTC'), '', 0, 0),
            tuple(event_timestamp, toString(source_topic), source_partition, source_offset)
        )
),

announced_by AS (
    SELECT *, arrayJoin(arrayDistinct([canonical, proxy])) AS wallet FROM announced
),

choices AS (
    SELECT
        wallets.entity_number AS entity_number,
        arraySort(groupUniqArrayIf(snapshot, snapshot.1 <= start_ts)) AS earlier,
        arraySort(groupUniqArrayIf(snapshot, snapshot.1 > start_ts AND snapshot.1 <= end_ts)) AS during,
        arraySort(groupUniqArrayIf(
            snapshot,
            snapshot.1 > start_ts AND snapshot.1 <= end_ts + toIntervalMinute({capability_window_minutes:UInt32})
        )) AS later
    FROM wallets
    INNER JOIN announced_by ON wallets.wallet = announced_by.wallet
    GROUP BY entity_number, canonical, proxy, host, model
),

others AS (
    SELECT DISTINCT (event_timestamp, source_topic, source_partition, source_offset) AS snapshot
    FROM network_capabilities
    WHERE
        {capability_unrelated_rows:UInt32} > 0
        AND event_timestamp <= {scan_to:DateTime64(3, 'UTC')}
        AND event_timestamp
        >= {scan_from:DateTime64(3, 'UTC')} - toIntervalMinute({capability_window_minutes:UInt32})
),

unrelated AS (
    SELECT entity_number, snapshot
    FROM sessions
    CROSS JOIN others
    WHERE snapshot.1 <= start_ts
    ORDER BY snapshot DESC
    LIMIT {capability_unrelated_rows:UInt32} BY entity_number
),

chosen AS (
    SELECT
        entity_number,
        arrayJoin(arraySlice(
            arrayConcat(
                arraySlice(earlier, -1),
                if({capability_precede_session:UInt8}, [], during),
                if({allow_capability_after_session_fallback:UInt8} AND empty(earlier), arraySlice(later, 1, 1), [])
            ),
            1,
            {capability_max_rows_per_context:UInt32}
        )) AS snapshot
    FROM choices
    UNION DISTINCT
    SELECT entity_number, snapshot
    FROM unrelated
),

records AS (
    SELECT *, event_timestamp
    FROM streaming_events
    WHERE
        (event_date, type, event_timestamp, source_topic, source_partition, source_offset) IN (
            SELECT
                toDate(snapshot.1),
                'network_capabilities',
                snapshot.1,
                snapshot.2,
                snapshot.3,
                snapshot.4
            FROM chosen
        )
)

SELECT
    chosen.entity_number AS entity_number,
    toUnixTimestamp64Milli(records.event_timestamp) AS event_ms,
    toString(records.source_topic) AS record_topic,
    records.source_partition AS record_partition,
    records.source_offset AS record_offset,
    records.payload AS value,
    records.source_key AS key,
    mapKeys(records.headers) AS header_names,
    mapValues(records.headers) AS header_values
FROM records
INNER JOIN chosen
    ON
        records.source_topic = chosen.snapshot.2
        AND records.source_partition = chosen.snapshot.3
        AND records.source_offset = chosen.snapshot.4
ORDER BY entity_number, event_ms, record_topic, record_partition, record_offset;
