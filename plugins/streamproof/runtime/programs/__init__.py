"""Programs of a pack: what they are started with, and how one is run to its end."""
