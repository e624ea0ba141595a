"""Packs: pack.yaml as a validated model."""
