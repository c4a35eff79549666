"""Bounds: how large a difference may be, and why. None is chosen to make anything pass.

*float64 decides same or not.* Rounding error, carried through whole trainings, was measured to reach at most 2e-14
(14,080 steps at most). The smallest known difference of mathematics is float32 arithmetic that leaks in: 3e-10 to
1e-7. The bound lies between the two. A float64 training that passed this bound is repeated with weights moved by one
ULP. What the repetitions of the *other* participants reach is then a bound too, because a chaotic training carries
rounding error beyond any fixed bound.

*float32 is judged against float64.* The float64 trajectory is the ground truth (`truth.py`). Each float32 training
lies some distance from it; so do its repetitions from weights moved by one ULP. What the *other* participants'
trainings reach is the envelope of a participant (`envelope.py`), so that a faulty one can't widen its own bound. A
pair may differ by ten times the smaller of its two envelopes.

Source: measured on Keras 3.15.1 with JAX, TensorFlow and torch, on a dense net, a small CNN and a tiny one.
"""

from __future__ import annotations

import numpy as np

EPS = {"float64": float(np.finfo(np.float64).eps), "float32": float(np.finfo(np.float32).eps)}

FLOAT64_BOUND = 1e-10
"""Relative, at every stage. Between 2e-14 (rounding error, measured) and 3e-10 (the least float32 leak), on a log
scale."""

ENVELOPE_FACTOR = 10.0
"""A pair may differ by so many times its envelope. Up to 7.5 times was measured between backends (E4's model)."""

TRAJECTORY_FLOOR = 1e-6
"""Added to a float32 trajectory's bound: 8 eps. At step one the envelope may be zero by luck. The loss is a mean over a
batch, for which up to 1e-7 was measured, and the update adds as much before the next step."""

LOSS_FLOOR = 4 * EPS["float32"]
"""The least bound for float32 loss and metrics before training: a mean over one batch, for which up to 1e-7 (1 eps) was
measured."""

NORM_FLOOR = 16 * EPS["float32"]
"""The least bound for float32 outputs and gradients, by norm: up to 4 eps was measured; longer sums may round more."""

ROUNDING = 4.0
"""Units of rounding error (eps) that a computed value carries of the size of its terms: 4 by norm, measured on
gradients. A value that is smaller than its terms by cancellation is measured against them."""

NEGLIGIBLE = 64.0
"""A gradient below so many eps of the model's largest gradient, on both sides, is the rounding error of zero (a bias
before BatchNormalization): sums of 1e5 terms that cancel leave some tens of eps. Both count as zero."""
