"""Dead letters: read the topic of rejected records, send bodies again, and judge what became of them."""
