"""Launching: from names to records, one process for each way of running."""
