"""The values of the report's sections, one module a section. They come from the run's files and nothing else."""
