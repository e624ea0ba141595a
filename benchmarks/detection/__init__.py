"""How many seeded faults in the pack's own code a run would see: `python -m benchmarks detection`."""
