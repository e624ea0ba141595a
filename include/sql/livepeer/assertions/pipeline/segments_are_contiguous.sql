-- When this fails, the segments of a session have a gap, overlap or run backwards: at some times no orchestrator serves
-- the session, or two do, and attribution by time is wrong. Segments are numbered from 0; each ends where the next one
-- starts; only the last may be open. All segments of a session are checked if one of them starts in the window.
-- LAYER: sessions

-- TEST: segments_are_contiguous
WITH
ordered AS (
    SELECT
        workflow_session_id,
        arraySort(
            groupArray((segment_index, segment_start_ts, segment_end_ts))
        ) AS parts,
        max(
            segment_start_ts >= {from_ts:DateTime64(3, 'UTC')} AND segment_start_ts < {to_ts:DateTime64(3, 'UTC')}
        ) AS is_inside
    FROM v_latest_segments
    GROUP BY workflow_session_id
    HAVING is_inside
),

judged AS (
    SELECT
        workflow_session_id,
        parts,
        arrayFilter((what, holds) -> NOT holds, ['indices', 'direction', 'boundaries'], [
            arrayAll((part, place) -> part.1 = place - 1, parts, arrayEnumerate(parts)),
            arrayAll(part -> ifNull(part.3 >= part.2, 1), parts),
            arrayAll(
                (part, following) -> ifNull(part.3 = following.2, 0),
                arrayPopBack(parts),
                arrayPopFront(parts)
            )
        ]) AS faults
    FROM ordered
)

SELECT
    countIf(notEmpty(faults)) AS failed_rows,
    count() AS sessions_checked,
    sum(length(parts)) AS segments_checked,
    countIf(has(faults, 'indices')) AS indices_with_gaps,
    countIf(has(faults, 'direction')) AS ends_before_start,
    countIf(has(faults, 'boundaries')) AS boundaries_that_differ,
    groupArrayIf(20)((workflow_session_id, faults, parts), notEmpty(faults)) AS session_faults_and_segments,
    groupArrayIf(20)(workflow_session_id, notEmpty(faults)) AS failing_workflow_session_ids,
    if(count() = 0, 'nothing to judge: no segment begins in the window', '') AS skip_reason
FROM judged;

-- MUTATION: the first of three segments is lost
DELETE FROM fact_workflow_session_segments
WHERE segment_index = 0 AND workflow_session_id = (
    SELECT max(workflow_session_id) FROM fact_workflow_session_segments WHERE segment_index = 2
);

-- MUTATION: a segment ends before it begins
ALTER TABLE fact_workflow_session_segments UPDATE segment_end_ts = segment_start_ts - toIntervalSecond(1)
WHERE workflow_session_id = (
    SELECT max(workflow_session_id) FROM fact_workflow_sessions WHERE inferred_orchestrator_change_count = 0
);

-- MUTATION: a gap between two segments
ALTER TABLE fact_workflow_session_segments UPDATE segment_end_ts = segment_end_ts - toIntervalSecond(5)
WHERE reason = 'orchestrator_change' AND workflow_session_id = (
    SELECT max(workflow_session_id) FROM fact_workflow_session_segments WHERE segment_index = 1
);

-- MUTATION: a segment that was left stays open
ALTER TABLE fact_workflow_session_segments UPDATE segment_end_ts = NULL
WHERE segment_index = 0 AND workflow_session_id = (
    SELECT max(workflow_session_id) FROM fact_workflow_session_segments WHERE segment_index = 1
);
