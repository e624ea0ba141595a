-- QUERY: letters
SELECT
    id,
    letter
FROM letters;
