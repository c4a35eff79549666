import numpy as np


class Dense:
    def __init__(self, units):
        self.units, self.built, self.weights = units, False, []

    def build(self, shape):
        inputs = shape[-1]
        kernel = np.random.default_rng(0).normal(size=(inputs, self.units)).astype("float32")
        self.weights, self.built = [kernel, np.zeros(self.units, "float32")], True

    def __call__(self, inputs, **_):
        if not self.built:
            self.build(np.shape(inputs))
        return inputs @ self.weights[0] + self.weights[1]

    def count_params(self):
        return sum(weight.size for weight in self.weights)
