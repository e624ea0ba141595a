-- When this fails, an option cannot be valued: its definition has no strike price or no expiration.
-- LAYER: typed

-- TEST: options_have_a_strike
SELECT
    count(*) FILTER (WHERE strike_price IS NULL OR expiration_ns IS NULL) AS failed_rows,
    count(*) AS definitions_judged,
    CASE WHEN count(*) = 0 THEN 'nothing to judge: no option was defined' ELSE '' END AS skip_reason
FROM definitions_data
WHERE instrument_class IN ('C', 'P');

-- MUTATION: the strike price is taken for not set
UPDATE definitions_data SET strike_price = NULL WHERE instrument_class = 'C';
