"""What a proof of the checks has shown: by mutations, and by damages of columns."""
