"""Unit A, first steps with Keras: layers, losses, optimizers, and two tables of one's own."""
