"""One small adapter per real thing. Each owns what it starts: its process, its log and its end."""
