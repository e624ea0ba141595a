-- When this fails, records that agree in a key were lost or doubled: two trades may be equal in every column and be
-- two. A twin that was quarantined keeps its number, so keys of quarantined records are not judged.
-- LAYER: typed

-- TEST: ordinals_have_no_gaps
WITH groups AS (
    SELECT publisher_id, instrument_id, ts_event_ns, sequence, max(ordinal) + 1 AS wanted, count(*) AS found
    FROM trades_data
    GROUP BY publisher_id, instrument_id, ts_event_ns, sequence
)

SELECT
    count(*) FILTER (WHERE wanted <> found AND quarantined_records.position IS NULL) AS failed_rows,
    count(*) FILTER (WHERE found > 1) AS keys_with_twins,
    CASE WHEN count(*) = 0 THEN 'nothing to judge: no trades were loaded' ELSE '' END AS skip_reason
FROM groups
LEFT JOIN quarantined_records
    ON
        groups.instrument_id = quarantined_records.instrument_id
        AND groups.ts_event_ns = quarantined_records.ts_event_ns
        AND quarantined_records.schema_name = 'trades';

-- MUTATION: the first of two twins is lost
DELETE FROM trades_data WHERE (publisher_id, instrument_id, ts_event_ns, sequence, 1) IN (
    SELECT publisher_id, instrument_id, ts_event_ns, sequence, ordinal FROM trades_data
) AND ordinal = 0;
