"""Replays on their own, without a run: into a topic that is there already, and resumed after an interruption."""
