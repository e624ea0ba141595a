"""Apache Flink by its REST interface: its jobs, what went wrong in them, and how a job is deployed."""
