"""The sources of stacks: what serves a fixture set to a pipeline that fetches it."""
