-- When this fails, no session of the window is an ordinary one: known, started, served by one orchestrator that is in
-- the network's own list, at more than 12 frames a second. Either the set has lost its plainest scenario, or sessions
-- are computed so wrongly that none looks healthy. The conditions are those of the discovery query of the same name.
-- LAYER: sessions

-- TEST: scenario_1_clean_success_no_swap_fps_gt_12_exists
WITH
discovered AS (
    SELECT
        workflow_session_id,
        known_stream AND startup_success AND NOT startup_unexcused AND swap_count = 0 AS is_clean,
        is_clean AND workflow_session_id IN (
            SELECT workflow_session_id
            FROM fact_stream_status_samples
            GROUP BY workflow_session_id
            HAVING avg(output_fps) > 12
        ) AS is_discovered,
        orchestrator_address = '' AS is_unattributed,
        lower(ifNull(model_id, '')) AS model,
        is_discovered AND orchestrator_address IN (
            SELECT lower(orchestrator_address)
            FROM merge('^network_capabilities(_advertised|_model_constraints|_prices)?$')
            WHERE orchestrator_address != ''
        ) AS is_listed
    FROM v_latest_sessions
    WHERE
        session_start_ts >= {from_ts:DateTime64(3, 'UTC')}
        AND session_start_ts < {to_ts:DateTime64(3, 'UTC')}
),

-- The hosts and models that samples of sessions without an orchestrator name, with the time.
named AS (
    SELECT
        silver.workflow_session_id AS workflow_session_id,
        discovered.model AS model,
        lower(typed.orchestrator_address) AS wallet,
        typed.event_timestamp AS published,
        typed.source_partition AS source_partition,
        typed.source_offset AS source_offset
    FROM fact_stream_status_samples AS silver
    INNER JOIN discovered ON silver.workflow_session_id = discovered.workflow_session_id
    INNER JOIN ai_stream_status AS typed ON silver.source_event_uid = typed.raw_event_uid
    WHERE typed.orchestrator_address != '' AND discovered.is_discovered AND discovered.is_unattributed
),

offers AS (
    SELECT
        arrayJoin(arrayDistinct([lower(local_address), lower(orchestrator_address)])) AS wallet,
        lower(ifNull(model_id, '')) AS model,
        event_timestamp AS announced,
        source_partition,
        source_offset
    FROM merge('^network_capabilities(_model_constraints)?$')
),

announced AS (
    SELECT DISTINCT named.workflow_session_id AS workflow_session_id
    FROM named
    INNER JOIN offers ON named.wallet = offers.wallet
    WHERE
        offers.announced <= named.published + INTERVAL 1 SECOND
        AND (named.model = '' OR offers.model IN ('', named.model))
        AND if(
            named.source_partition = offers.source_partition,
            offers.source_offset < named.source_offset,
            offers.announced + INTERVAL 1 MINUTE < named.published
        )
),

judged AS (
    SELECT
        *,
        -- A session is not required to be in the list when its host or model was not announced while it ran.
        is_listed OR (
            is_discovered AND is_unattributed
            AND workflow_session_id NOT IN (SELECT workflow_session_id FROM announced)
        ) AS is_candidate
    FROM discovered
)

SELECT
    skip_reason = '' AND candidates = 0 AS failed_rows,
    countIf(is_candidate) AS candidates,
    countIf(is_discovered) AS candidates_of_any_orchestrator,
    countIf(is_clean) AS clean_sessions,
    count() AS sessions_checked,
    groupArrayIf(20)(workflow_session_id, is_candidate) AS candidate_ids,
    multiIf(
        candidates > 0, '',
        empty({published_by_scenario:Map(String, UInt64)}),
        'nothing to judge: no session of the window is in this scenario, and only a replay promises one',
        {published_by_scenario:Map(String, UInt64)}['scenario_1_clean_success_no_swap_fps_gt_12'] = 0,
        'nothing to judge: nothing was published that can be a session of this scenario',
        sessions_checked = 0,
        'nothing to judge: no session in the window',
        ''
    ) AS skip_reason,
    multiIf(
        skip_reason = '', '',
        empty({published_by_scenario:Map(String, UInt64)}), 'an observation, which promises no scenario',
        {published_by_scenario:Map(String, UInt64)}['scenario_1_clean_success_no_swap_fps_gt_12'] = 0, 'the ledger',
        ''
    ) AS explained_by
FROM judged;

-- MUTATION: no session starts
ALTER TABLE fact_workflow_sessions UPDATE startup_success = 0
WHERE swap_count = 0;

-- MUTATION: frames come at half their rate
ALTER TABLE fact_stream_status_samples UPDATE output_fps = output_fps / 2
WHERE 1;

-- MUTATION: the orchestrators of the sessions are not in the network's list
ALTER TABLE fact_workflow_sessions UPDATE orchestrator_address = '0xsomebody'
WHERE startup_success = 1 AND swap_count = 0;
