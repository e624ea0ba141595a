"""One result model, many renderers."""
