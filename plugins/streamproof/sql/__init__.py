"""Pure handling of SQL text: the block format and templates."""
