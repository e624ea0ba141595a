-- The records of a customer's orders as they were published.

-- QUERY: order_records
SELECT
    toUInt32(indexOf({entity_ids:Array(String)}, JSONExtractString(value, 'customer')) - 1) AS entity_number,
    toUnixTimestamp64Milli(parseDateTime64BestEffort(JSONExtractString(value, 'ordered_at'), 3, 'UTC')) AS event_ms,
    topic AS record_topic,
    partition AS record_partition,
    offset AS record_offset,
    value
FROM raw_orders
WHERE
    has({entity_ids:Array(String)}, JSONExtractString(value, 'customer'))
    AND ({smallest_amount:UInt32} = 0 OR JSONExtractFloat(value, 'amount') >= {smallest_amount:UInt32})
ORDER BY entity_number, event_ms, record_topic, record_partition, record_offset;
