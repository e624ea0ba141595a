"""The stream processor of the pack `livepeer`: a pure core, and runners that feed it.

Nothing here imports streamproof, the pack's generator or Airflow: the folder is deployed on its own. The core
(`core.Processor`) does no I/O and reads no clock; `local` is the runner without a cluster.
"""
