"""The questions that the exercises of this unit ask of a submission; nothing here imports Keras."""
