-- When this fails, more or fewer records of a family were rejected than the fixture planted: good traffic is rejected,
-- or bad traffic is accepted. The check covers every family, also when the fixture states only counts and no outcome
-- for single records. Ignored traffic is compared for the families for which the fixture states it.
-- LAYER: typed
-- RUNG: records_accounted

-- TEST: conservation_rejects_are_expected
WITH
observed AS (
    SELECT
        ledger.event_type AS event_type,
        countIf(found.disposition = 'dlq') AS dlq_records,
        countIf(found.disposition = 'quarantine') AS quarantine_records,
        countIf(found.disposition = 'ignored') AS ignored_records
    FROM record_dispositions AS found
    INNER JOIN replay_ledger AS ledger
        ON
            found.source_topic = ledger.source_topic
            AND found.source_partition = ledger.source_partition
            AND found.source_offset = ledger.source_offset
    GROUP BY ledger.event_type
),

-- Rejects without a stated outcome in the ledger. When a count differs, these are the first ones to look at.
unplanned AS (
    SELECT
        ledger.event_type AS event_type,
        groupArray(20)((
            found.source_partition, found.source_offset, ledger.event_id, toString(found.disposition), found.reason
        )) AS records,
        groupUniqArray(20)(ledger.workflow_session_id) AS sessions
    FROM record_dispositions AS found
    INNER JOIN replay_ledger AS ledger
        ON
            found.source_topic = ledger.source_topic
            AND found.source_partition = ledger.source_partition
            AND found.source_offset = ledger.source_offset
    WHERE
        (found.disposition != 'accepted' OR ledger.expected_disposition NOT IN ('', 'accepted'))
        AND found.disposition != ledger.expected_disposition
    GROUP BY ledger.event_type
),

expected AS (
    SELECT
        {expected_dlq:Map(String, UInt64)} AS dlq,
        {expected_quarantine:Map(String, UInt64)} AS quarantine,
        {expected_ignored:Map(String, UInt64)} AS ignored
),

types AS (
    SELECT
        arrayJoin(arrayDistinct(arrayConcat(
            mapKeys(dlq), mapKeys(quarantine), mapKeys(ignored), (SELECT groupArray(toString(event_type)) FROM observed)
        ))) AS event_type,
        dlq[event_type] AS dlq_expected,
        quarantine[event_type] AS quarantine_expected,
        mapContains(ignored, event_type) AS states_ignored,
        ignored[event_type] AS ignored_expected
    FROM expected
),

compared AS (
    SELECT
        types.*,
        ifNull(observed.dlq_records, 0) AS dlq_records,
        ifNull(observed.quarantine_records, 0) AS quarantine_records,
        ifNull(observed.ignored_records, 0) AS ignored_records,
        dlq_records != dlq_expected
        OR quarantine_records != quarantine_expected
        OR (states_ignored AND ignored_records != ignored_expected) AS differs
    FROM types
    LEFT JOIN observed ON types.event_type = observed.event_type
),

unplanned_of_those AS (
    SELECT records, sessions
    FROM unplanned
    WHERE event_type IN (SELECT compared.event_type FROM compared WHERE compared.differs)
)

SELECT
    countIf(differs) AS failed_rows,
    sum(dlq_records) AS dlq,
    sum(dlq_expected) AS dlq_planted,
    sum(quarantine_records) AS quarantine,
    sum(quarantine_expected) AS quarantine_planted,
    sum(ignored_records) AS ignored,
    sum(ignored_expected) AS ignored_planted,
    groupArrayIf(
        (
            event_type,
            dlq_records,
            dlq_expected,
            quarantine_records,
            quarantine_expected,
            ignored_records,
            ignored_expected
        ),
        differs
    ) AS type_dlq_planted_quarantine_planted_ignored_planted,
    (SELECT arraySlice(groupArrayArray(records), 1, 20) FROM unplanned_of_those)
        AS partition_offset_id_disposition_reason,
    (SELECT groupUniqArrayArray(20)(sessions) FROM unplanned_of_those) AS failing_workflow_session_ids
FROM compared
SETTINGS join_use_nulls = 1;

-- MUTATION: a capability event is dead-lettered
ALTER TABLE record_dispositions UPDATE disposition = 'dlq'
WHERE (source_partition, source_offset) = (
    SELECT source_partition, source_offset FROM network_capabilities ORDER BY source_partition, source_offset LIMIT 1
);
