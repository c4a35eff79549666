"""From names to records: one process for each way of running."""
