-- The records that were not accepted, with the reason. They are written to the diagnostics of a run that did not pass.

-- QUERY: rejected_records
SELECT source_partition, source_offset, event_id, event_type, disposition, failure_class, reason
FROM record_dispositions
WHERE disposition != 'accepted'
ORDER BY source_partition, source_offset
LIMIT 1000;
