"""Cut fixture sets out of a warehouse: candidates, their records, and the files of a set."""
