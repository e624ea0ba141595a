-- The rows of every table, without times of writing. A repeated load of the same set leaves the same rows. What a load
-- has counted (`download_progress`) is not among them: rows changed and downloads differ from one to the next.

-- QUERY: daily_ohlcv_data
SELECT
    ts_event_ns,
    publisher_id,
    instrument_id,
    granularity,
    symbol,
    open_price,
    high_price,
    low_price,
    close_price,
    volume,
    dataset
FROM daily_ohlcv_data
ORDER BY ts_event_ns, publisher_id, instrument_id, granularity;

-- QUERY: trades_data
SELECT
    ts_event_ns,
    ts_recv_ns,
    ts_in_delta,
    publisher_id,
    instrument_id,
    sequence,
    ordinal,
    symbol,
    price,
    size,
    action,
    side,
    depth,
    flags,
    dataset
FROM trades_data
ORDER BY ts_event_ns, publisher_id, instrument_id, sequence, ordinal;

-- QUERY: tbbo_data
SELECT
    ts_event_ns,
    ts_recv_ns,
    ts_in_delta,
    publisher_id,
    instrument_id,
    sequence,
    ordinal,
    symbol,
    price,
    size,
    action,
    side,
    depth,
    flags,
    bid_price,
    ask_price,
    bid_size,
    ask_size,
    bid_count,
    ask_count,
    dataset
FROM tbbo_data
ORDER BY ts_event_ns, publisher_id, instrument_id, sequence, ordinal;

-- QUERY: statistics_data
SELECT
    ts_event_ns,
    ts_recv_ns,
    ts_ref_ns,
    ts_in_delta,
    publisher_id,
    instrument_id,
    stat_type,
    sequence,
    ordinal,
    symbol,
    price,
    quantity,
    channel_id,
    update_action,
    stat_flags,
    dataset
FROM statistics_data
ORDER BY ts_event_ns, publisher_id, instrument_id, stat_type, sequence, ordinal;

-- QUERY: definitions_data
SELECT
    ts_recv_ns,
    ts_event_ns,
    publisher_id,
    instrument_id,
    ordinal,
    symbol,
    raw_symbol,
    instrument_class,
    security_type,
    security_update_action,
    asset,
    exchange,
    currency,
    underlying,
    underlying_id,
    activation_ns,
    expiration_ns,
    min_price_increment,
    display_factor,
    high_limit_price,
    low_limit_price,
    strike_price,
    unit_of_measure,
    unit_of_measure_qty,
    contract_multiplier,
    maturity_year,
    maturity_month,
    leg_count,
    leg_index,
    dataset
FROM definitions_data
ORDER BY ts_recv_ns, publisher_id, instrument_id, ordinal;

-- QUERY: quarantined_records
SELECT
    chunk_identifier,
    position,
    dataset,
    schema_name,
    stage,
    rule,
    message,
    symbol,
    publisher_id,
    instrument_id,
    ts_event_ns,
    ts_recv_ns,
    record::text AS record
FROM quarantined_records
ORDER BY chunk_identifier, position;
