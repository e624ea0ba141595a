-- The client lengthens definitions and statistics of older versions of the format. So their bytes in a refused record
-- are not those of the file, and are not compared. Their header is.

-- QUERY: quarantined_records
SELECT
    chunk_identifier,
    position,
    job_id,
    dataset,
    schema_name,
    stage,
    rule,
    symbol,
    publisher_id,
    instrument_id,
    ts_event_ns,
    ts_recv_ns,
    CASE
        WHEN record ->> 'type' IN ('InstrumentDefMsg', 'StatMsg') THEN record - 'bytes'
        ELSE record
    END AS record
FROM quarantined_records
