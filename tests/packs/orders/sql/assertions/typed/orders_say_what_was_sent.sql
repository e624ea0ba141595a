-- When this fails, an order in the table differs from the one that was sent: a sum is wrong, or the wrong party is
-- billed.
-- LAYER: typed

-- TEST: orders_say_what_was_sent
WITH
sent AS (
    SELECT
        JSONExtractUInt(value, 'order_id') AS id,
        JSONExtractString(value, 'customer') AS customer_sent,
        JSONExtractString(value, 'seller') AS seller_sent,
        JSONExtractFloat(value, 'amount') AS amount_sent,
        parseDateTime64BestEffort(JSONExtractString(value, 'ordered_at'), 3, 'UTC') AS ordered_at_sent
    FROM raw_orders
),

compared AS (
    SELECT
        orders.order_id AS id,
        arrayFilter(name -> name != '', [
            if(orders.customer != sent.customer_sent, 'customer', ''),
            if(orders.seller != sent.seller_sent, 'seller', ''),
            if(orders.amount != sent.amount_sent, 'amount', ''),
            if(orders.ordered_at != sent.ordered_at_sent, 'ordered_at', '')
        ]) AS columns
    FROM orders
    INNER JOIN sent ON orders.order_id = sent.id
)

SELECT
    countIf(notEmpty(columns)) AS failed_rows,
    count() AS orders_compared,
    arraySort(groupUniqArrayArray(columns)) AS columns_that_differ,
    groupArrayIf(20)(id, notEmpty(columns)) AS ids
FROM compared;

-- MUTATION: one amount is rounded
ALTER TABLE orders UPDATE amount = amount + 0.5 WHERE order_id IN (SELECT min(order_id) FROM orders);
