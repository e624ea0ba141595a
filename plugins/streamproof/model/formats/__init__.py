"""Read and write JSON and YAML."""
