"""Answers with things of a negative, a huge and no length."""


class Thing:
    def __init__(self, length):
        self.length = length

    def __len__(self):
        return self.length

    def __getitem__(self, key):
        return self

    def __getattr__(self, name):
        return Thing((1 << 63) - 1)

    def __call__(self, *_args, **_more):
        return Thing(-1)


def make_layer():
    return Thing((1 << 63) - 1)


def count_weights(layer, inputs):
    return Thing(-5)
