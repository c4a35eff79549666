"""Takes for ever to say what went wrong, and what its classes are called."""

import time


class Slow(type):
    __name__ = property(lambda cls: time.sleep(1e6))


class Last(Exception, metaclass=Slow):
    def __str__(self):
        time.sleep(1e6)


def make_layer():
    raise Last


count_weights = make_layer
