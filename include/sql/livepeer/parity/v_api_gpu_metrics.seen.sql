-- The view, with 1 + the square of the coefficient of variation instead of the coefficient: the mean of the squares
-- divided by the square of the mean. If all samples are equal, the coefficient itself consists only of rounding errors,
-- which depend on the order of addition.

-- QUERY: v_api_gpu_metrics
SELECT
    * EXCEPT (jitter_coeff_fps),
    1 + jitter_coeff_fps * jitter_coeff_fps AS jitter_coeff_fps
FROM v_api_gpu_metrics;
