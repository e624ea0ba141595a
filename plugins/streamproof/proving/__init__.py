"""Show that what judges a pipeline would notice a fault: so far, a damage of every single column."""
