import numpy as np


def is_tensor(value):
    return isinstance(value, np.ndarray)


def convert_to_numpy(value):
    return np.asarray(value)
