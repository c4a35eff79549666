"""The seam: the only place that imports a framework.

`contract.py` says which functions an engine has. `backends.py` finds the backends: each has a folder, and the folders
hold the same file names with the same functions. Two of them side by side show how one is ported to the other.

| in each folder | holds |
|---|---|
| `descriptor.py` | what the rest of the library knows of the backend; it imports no framework |
| `engine.py` | the functions of `contract.py`, from the files below |
| `setup.py` | settings, the device, and arrays placed on it |
| `forward.py` | every layer's output |
| `gradients.py` | a function's gradients |
| `step.py` | one training step |
| `epoch.py` | one epoch, compiled |
| `workarounds.py` | changes to Keras that runs need |
| `speed/` | slow operations replaced, and compilers |

A backend that can't train has no `gradients.py`, `step.py`, `epoch.py` and `speed/`.

Engines take NumPy arrays and return them. Only an epoch's results are tensors, for they may still be computed.
"""
