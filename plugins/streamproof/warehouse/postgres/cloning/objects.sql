-- The present state of every table and view: its definition, and what tells that its rows were changed since
-- an earlier answer in this transaction. Partitions, and the chunks of hypertables, count for the table that they belong to.
WITH RECURSIVE
stored AS (
    SELECT oid AS root, oid AS part
    FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm') AND NOT relispartition
    UNION ALL
    SELECT stored.root, inheritance.inhrelid
    FROM stored
    INNER JOIN pg_inherits AS inheritance ON inheritance.inhparent = stored.part
)

SELECT
    c.relname::text AS name,
    c.relkind::text AS kind,
    c.oid::bigint AS id,
    CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) ELSE '' END AS query,
    (
        SELECT string_agg(concat_ws(' ', attname, format_type(atttypid, atttypmod), attnotnull), ', ' ORDER BY attnum)
        FROM pg_attribute
        WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped
    ) AS columns,
    (
        SELECT string_agg(pg_get_constraintdef(oid), ', ' ORDER BY conname) FROM pg_constraint WHERE conrelid = c.oid
    ) AS constraints,
    (
        SELECT
            string_agg(
                concat_ws(' ', x.oid, x.relfilenode, s.n_tup_ins, s.n_tup_upd, s.n_tup_del), ', ' ORDER BY x.oid
            )
        FROM stored
        INNER JOIN pg_class AS x ON x.oid = stored.part
        LEFT JOIN pg_stat_xact_all_tables AS s ON s.relid = x.oid
        WHERE stored.root = c.oid
    ) AS content
FROM pg_class AS c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm') AND NOT c.relispartition
ORDER BY c.oid
