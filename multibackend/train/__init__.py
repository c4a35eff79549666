"""Training: the code that runs in one backend's process."""
