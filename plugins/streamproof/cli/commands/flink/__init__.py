"""`streamproof flink COMMAND`: deploy a job on Flink, update it with its state, stop it, or roll it back."""
