"""Unit C, from scikit-learn to a deep network: the same digits, from a naive baseline upwards."""
