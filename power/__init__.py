"""Study what the comparison finds: planted faults, clean runs, and their scores. `python -m power` measures all."""
