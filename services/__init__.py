"""The services of Huimin: each its own process, database role and settings."""
