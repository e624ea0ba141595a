"""Compare the rows of an object with the rows that it should have."""
