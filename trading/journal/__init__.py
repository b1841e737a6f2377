"""The journal and its projections in SQLite or PostgreSQL; must not know what the events mean."""
