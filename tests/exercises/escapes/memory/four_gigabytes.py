"""Wants 4 GB."""

import numpy as np

hoard = np.ones(1 << 29)
