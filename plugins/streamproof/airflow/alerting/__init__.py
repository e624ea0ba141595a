"""The mail about a DAG run: who gets it and when, how it is sent, and what is left of it in the run's folder."""
