"""Unit E, a day of Keras: from an empty model to a classifier that may be trusted."""
