"""The stages between download and database: extraction, transformation, validation."""
