"""What happens in one backend's process."""
