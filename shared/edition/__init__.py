"""The pure domain of an edition: what is said, what may happen, and who is chosen."""
