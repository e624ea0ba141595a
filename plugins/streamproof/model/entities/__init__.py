"""What the renderers show of an entity, and the rule of its scenario."""
