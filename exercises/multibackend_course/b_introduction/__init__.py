"""Unit B, introduction to deep learning: tensors, three ways to write a model, images and a regression."""
