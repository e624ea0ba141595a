-- SECTION: Schema sanity
-- Which columns do the API views have now? A view that is missing has 0 columns. A renamed column is the first thing to
-- look for when a reader of the API breaks although the numbers are right.

-- QUERY: 01_api_view_columns
WITH views AS (
    SELECT arrayJoin([
        'v_api_gpu_metrics',
        'v_api_network_demand',
        'v_api_network_demand_by_gpu',
        'v_api_sla_compliance',
        'v_api_session_identity',
        'v_api_jitter_5m'
    ]) AS object_name
),

columns AS (
    SELECT
        table,
        position,
        name
    FROM system.columns
    WHERE database = currentDatabase()
)

SELECT
    views.object_name AS object_name,
    countIf(columns.name != '') AS columns_found,
    arrayStringConcat(
        arrayMap(found -> found.2, arraySort(groupArrayIf((columns.position, columns.name), columns.name != ''))), ', '
    ) AS names
FROM views
LEFT JOIN columns ON views.object_name = columns.table
GROUP BY views.object_name
ORDER BY views.object_name
SETTINGS join_use_nulls = 0;
