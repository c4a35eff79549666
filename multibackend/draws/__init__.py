"""All randomness, from NumPy and a seed: initial weights, batch order, dropout masks.

With one seed, Keras' backends start from different weights, read different batches and drop different units. Here the
numbers come from one place instead:

- `initial_weights(seed)`: while a model is built, `keras.random`'s functions draw with a NumPy bit generator. Its keys
  are the very seeds that Keras would have used. Every initializer ends in those functions, custom ones included. Three
  initializers also *compute* (Orthogonal a QR decomposition, STFT sines, Constant a cast); they compute in NumPy
  meanwhile. All weights are then identical to the bit on every backend. Orthogonal rests on LAPACK's QR: on machines
  with another LAPACK its float64 weights may differ by rounding error (a few 1e-16), its float32 weights in rare last
  bits.
- `identical_masks()`: while a model trains, dropout masks come from a counter-based generator, written in `keras.ops`
  on 32-bit integers. They are identical to the bit on every backend and in every precision.
- `batch_order(seed, epoch, rows)`: the order of the rows.
"""

from multibackend.draws.masks import identical_masks, random_bits, threefry
from multibackend.draws.order import batch_order, perturb
from multibackend.draws.weights import initial_weights

__all__ = ["batch_order", "identical_masks", "initial_weights", "perturb", "random_bits", "threefry"]
