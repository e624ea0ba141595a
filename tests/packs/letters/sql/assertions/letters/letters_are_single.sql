-- When this fails, a letter was cut or joined with another one.
-- LAYER: typed

-- TEST: letters_are_single
SELECT count() AS failed_rows
FROM letters
WHERE length(letter) != 1;

-- MUTATION: a letter is doubled
ALTER TABLE letters UPDATE letter = concat(letter, letter) WHERE id = 'a.txt-0';
