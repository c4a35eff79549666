"""Experiments: the models and data that are trained, and how they are named."""
