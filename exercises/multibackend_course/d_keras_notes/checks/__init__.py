"""What each exercise of the unit asks of a submission; nothing here imports Keras."""
