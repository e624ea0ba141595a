"""What a run judges: the records that it replays, or the window of a warehouse that others fill."""
