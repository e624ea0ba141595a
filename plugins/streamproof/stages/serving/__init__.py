"""Serve a fixture set: run the pipeline that fetches it, and look at what it asked for."""
