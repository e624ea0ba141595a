"""What the database and the quarantine keep: tables, loader, progress, quarantined records."""
