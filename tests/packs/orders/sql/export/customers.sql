-- Customers by the first order in the window.

-- QUERY: orders_of_a_customer
SELECT
    customer AS id,
    min(ordered_at) AS first_order,
    max(ordered_at) AS last_order
FROM orders
GROUP BY customer
HAVING first_order >= {from_ts:DateTime64(3, 'UTC')} AND first_order < {to_ts:DateTime64(3, 'UTC')}
ORDER BY first_order DESC
LIMIT {limit_per_scenario:UInt32};
