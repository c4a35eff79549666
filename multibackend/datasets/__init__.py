"""Data sets: rows that are found, verified and fetched."""
