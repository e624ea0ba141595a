"""Commands that show what a warehouse holds and judge nothing: layers, scenarios, one session, one event."""
