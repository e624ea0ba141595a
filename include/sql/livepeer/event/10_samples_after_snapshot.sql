-- The sessions that a capability event may have explained: attributed health samples of its orchestrators, from its
-- snapshot until the orchestrator's next one. Samples shortly before it may have used it, too, if there was no earlier
-- snapshot.
-- LAYER: sessions

-- QUERY: 10_samples_after_snapshot
WITH
own AS (
    SELECT DISTINCT
        orchestrator_address,
        snapshot_ts
    FROM dim_orchestrator_capability_snapshots
    WHERE source_event_uid = {event:String}
),

validity AS (
    SELECT
        own.orchestrator_address AS orchestrator_address,
        own.snapshot_ts AS valid_from,
        minIf(later.snapshot_ts, later.snapshot_ts > own.snapshot_ts) AS next_snapshot,
        countIf(later.snapshot_ts > own.snapshot_ts) = 0 AS is_newest
    FROM own
    INNER JOIN dim_orchestrator_capability_snapshots AS later
        ON own.orchestrator_address = later.orchestrator_address
    GROUP BY orchestrator_address, valid_from
)

SELECT
    samples.workflow_session_id,
    samples.orchestrator_address,
    count() AS sample_count,
    min(samples.sample_ts) AS first_sample,
    max(samples.sample_ts) AS last_sample,
    groupUniqArray(samples.gpu_attribution_method) AS attribution
FROM fact_stream_status_samples AS samples
INNER JOIN validity
    ON samples.orchestrator_address = validity.orchestrator_address
WHERE
    samples.is_attributed
    AND samples.sample_ts >= validity.valid_from
    AND (validity.is_newest OR samples.sample_ts < validity.next_snapshot)
GROUP BY samples.workflow_session_id, samples.orchestrator_address
ORDER BY first_sample, samples.workflow_session_id;
