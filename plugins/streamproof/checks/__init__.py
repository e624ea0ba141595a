"""What judges the rows of a warehouse: so far the comparison of every object with the rows that it should have."""
