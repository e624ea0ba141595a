-- The view, with 1 + the square of the coefficient of variation in its place, which is the mean of the squares over the
-- square of the mean. Where all samples are alike, the coefficient itself is what rounding leaves, and no two ways of
-- adding up agree on that.

-- QUERY: v_api_jitter_5m
SELECT
    * EXCEPT (jitter_coeff_fps),
    1 + jitter_coeff_fps * jitter_coeff_fps AS jitter_coeff_fps
FROM v_api_jitter_5m;
