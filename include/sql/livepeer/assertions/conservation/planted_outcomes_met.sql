-- When this fails, a record had another outcome than the fixture states for it: a reject was accepted, a good event was
-- rejected, or it was rejected for the wrong reason, so that an alert or a replay by reason would miss it. A record
-- without a stated outcome is only counted.
-- LAYER: typed
-- RUNG: records_accounted

-- TEST: conservation_planted_outcomes_met
WITH
compared AS (
    SELECT
        ledger.source_partition AS source_partition,
        ledger.source_offset AS source_offset,
        ledger.event_id AS event_id,
        ledger.workflow_session_id AS workflow_session_id,
        ledger.expected_disposition != '' AS is_stated,
        (ledger.expected_disposition, ledger.expected_class, ledger.expected_reason) AS expected,
        (ifNull(found.disposition, 'none'), ifNull(found.failure_class, ''), ifNull(found.reason, '')) AS observed,
        is_stated AND NOT (
            observed.1 = expected.1
            AND (expected.2 = '' OR observed.2 = expected.2)
            AND (expected.3 = '' OR observed.3 = expected.3)
        ) AS differs
    FROM replay_ledger AS ledger
    LEFT JOIN record_dispositions AS found
        ON
            ledger.source_topic = found.source_topic
            AND ledger.source_partition = found.source_partition
            AND ledger.source_offset = found.source_offset
)

SELECT
    countIf(differs) AS failed_rows,
    countIf(is_stated) AS stated,
    countIf(NOT is_stated AND observed.1 = 'accepted') AS unstated_accepted,
    countIf(NOT is_stated AND observed.1 != 'accepted') AS unstated_not_accepted,
    groupArrayIf(20)(
        (source_partition, source_offset, event_id, expected, observed), differs
    ) AS partition_offset_id_expected_observed,
    groupUniqArrayIf(20)(workflow_session_id, differs) AS failing_workflow_session_ids,
    if(countIf(is_stated) = 0, 'a fixture set that states what must become of its records', '') AS skip_reason
FROM compared
SETTINGS join_use_nulls = 1;

-- MUTATION: a record that was to be dead-lettered is accepted
ALTER TABLE replay_ledger UPDATE expected_disposition = 'dlq', expected_reason = 'missing_field'
WHERE (source_partition, source_offset) = (
    SELECT source_partition, source_offset FROM stream_trace_events ORDER BY source_partition, source_offset LIMIT 1
);
