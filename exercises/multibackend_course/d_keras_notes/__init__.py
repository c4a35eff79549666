"""Unit D, notes on Keras: layers, initializers, compiling, fitting, evaluating, predicting."""
