"""The seam: the only place that imports JAX, TensorFlow or torch.

Each backend has a folder, with the same file names in each: reading two side by side shows how one is ported to the
other. `descriptor.py` says what the rest of the library must know of it and imports nothing; `engine.py` holds the
functions that `contract.py` promises. `backends.py` finds the folders. Engines take NumPy arrays and return them (but
for an epoch, whose results may still be computed).
"""
