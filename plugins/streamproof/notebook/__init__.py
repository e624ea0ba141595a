"""The notebook of a run: what its cells call, and how it is executed and written as a page."""
