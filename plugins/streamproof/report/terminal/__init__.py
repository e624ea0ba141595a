"""What a terminal shows: progress, verdict, tables of rows."""
