"""The transport `http`: a fixture set is served to a pipeline that fetches it, by an ASGI app that the pack brings."""
