"""Kafka: topics, producer, consumer groups and preflight."""
