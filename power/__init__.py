"""Power: a study of what the comparison finds, by planted faults and clean runs; README.md says how to run it."""
