"""The page of one entity, as one HTML file that loads nothing from the network."""
