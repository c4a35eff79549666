"""Experiments: what to train, and how it is named."""
