"""Renderers for programs: annotations of a hosted CI, and tables as JSON, CSV and Markdown."""
